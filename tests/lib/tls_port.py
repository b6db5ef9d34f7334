# SPDX-License-Identifier: MIT
"""The machine's TLS port, on a network card of its own, as a port of the host."""

from machine import free_port


class TlsPort:
    """port leads to the machine's 8443; args are QEMU's."""

    def __init__(self):
        self.port = free_port()
        self.args = ["-netdev", f"user,id=tls,hostfwd=tcp:127.0.0.1:{self.port}-10.0.3.15:8443,net=10.0.3.0/24",
                     "-device", "virtio-net-pci,netdev=tls"]
