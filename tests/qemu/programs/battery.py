# SPDX-License-Identifier: MIT
"""Runs inside a sandbox, from standard input: what Python programs commonly need from a machine.
Prints one line of JSON: what was tried, and how it went."""

import json
import multiprocessing
import os
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading

# Of nobody: localhost's, self-signed, valid from 2020 to 2099, P-256. It protects nothing.
CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBYTCCAQegAwIBAgIBATAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlsb2NhbGhv
c3QwIBcNMjAwMTAxMDAwMDAwWhgPMjA5OTEyMzEyMzU5NTlaMBQxEjAQBgNVBAMM
CWxvY2FsaG9zdDBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABGQ6mjvTLebIyuz2
DVQa7Bb8UlhBoIEowh/8udZhxBmp9lkNW1DZDcLD0bifYNam9Yl7OYGtoXKS4aIf
ymcmRcyjSDBGMA8GA1UdEwEB/wQFMAMBAf8wFAYDVR0RBA0wC4IJbG9jYWxob3N0
MB0GA1UdDgQWBBTm6qg7wNbgEQlwAVHYaQLzTDYznTAKBggqhkjOPQQDAgNIADBF
AiEA0GLquWz6/XNu1VlhN62TxB7V7HWi5+RXVbeuUGSj3AECIDYFuBR5jBmIizbq
jJ3+2+KSppDiV9Kr+kyyUoHdhouu
-----END CERTIFICATE-----
"""
KEY = """-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg6WJtnQd83NNhETPa
OK1KPCdgHk+pOMzBCsxLK/q4NVKhRANCAARkOpo70y3myMrs9g1UGuwW/FJYQaCB
KMIf/LnWYcQZqfZZDVtQ2Q3Cw9G4n2DWpvWJezmBraFykuGiH8pnJkXM
-----END PRIVATE KEY-----
"""


def try_sqlite3():
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "x.db")
        db = sqlite3.connect(path)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("CREATE TABLE t (n INTEGER, s TEXT)")
        with db:
            db.executemany("INSERT INTO t VALUES (?, ?)", ((n, str(n)) for n in range(1000)))
        db.close()
        return sqlite3.connect(path).execute("SELECT sum(n), count(*) FROM t").fetchone()


def serve_one(listener, context):
    connection, _ = listener.accept()
    with context.wrap_socket(connection, server_side=True) as tls:
        tls.sendall(tls.recv(100).upper())


def try_ssl():
    with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:
        pem.write(CERTIFICATE + KEY)
        pem.flush()
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(pem.name)
    client = ssl.create_default_context(cadata=CERTIFICATE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve_one, args=(listener, server))
        thread.start()
        raw = socket.create_connection(listener.getsockname(), timeout=10)
        with client.wrap_socket(raw, server_hostname="localhost") as tls:
            tls.sendall(b"hello")
            answer = tls.recv(100).decode()
            version = tls.version()
        thread.join()
    return answer, version


def try_threads():
    total = 0
    lock = threading.Lock()

    def add():
        nonlocal total
        for _ in range(1000):
            with lock:
                total += 1

    threads = [threading.Thread(target=add) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return total


def try_multiprocessing():
    with multiprocessing.Pool(2) as pool:
        return sum(pool.map(abs, range(-50, 50)))


def try_subprocess():
    done = subprocess.run(["sh", "-c", "tr a-z A-Z; exit 3"], input=b"abc", capture_output=True)
    return done.returncode, done.stdout.decode()


def main():
    results = {}
    for trial in (try_sqlite3, try_ssl, try_threads, try_multiprocessing, try_subprocess):
        try:
            results[trial.__name__[4:]] = trial()
        except Exception as error:
            results[trial.__name__[4:]] = repr(error)
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
