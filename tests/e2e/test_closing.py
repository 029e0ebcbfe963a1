"""How HTTPS connections end: whoever keeps one open does not hold up a stop, and whoever reads slowly gets it all."""

import http.client
import socket
import ssl
import time

import requests

from tests.e2e.conftest import MakeProduct
from tests.e2e.product import API, IMAGES, Product, image

BIG = 24
"""Objects whose list is more than the kernel holds for a connection."""


def test_a_stop_does_not_wait_for_clients_that_keep_their_connection(make_product: MakeProduct) -> None:
    product = make_product("kept-open").start()
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"{product.secure_url}/livez", verify=_ca(product)).text == "ok"
        begun = time.monotonic()
        product.stop()
        assert time.monotonic() - begun < 5


def test_a_slow_reader_gets_everything_although_the_connection_is_being_closed(make_product: MakeProduct) -> None:
    product = make_product("slowly-read").start()
    for number in range(BIG):
        document = image(f"big-{number}", "none", suspend=True)
        document["metadata"]["annotations"] = {"example.com/long": "a" * 250_000}
        product.admin.make(IMAGES, document)
    headers = f"Host: 127.0.0.1\r\nAuthorization: Bearer {product.token}\r\nConnection: close\r\n"
    context = ssl.create_default_context(cafile=_ca(product))
    with socket.socket() as plain:
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        plain.connect(("127.0.0.1", product.ports["https"]))
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            secure.sendall(f"GET {API}{IMAGES}?limit={BIG} HTTP/1.1\r\n{headers}\r\n".encode())
            answer = http.client.HTTPResponse(secure)
            answer.begin()
            length, received = int(answer.headers["content-length"]), 0
            while chunk := answer.read(length // 20):
                received += len(chunk)
                time.sleep(0.1)
    assert (received, length > BIG * 250_000) == (length, True)


def _ca(product: Product) -> str:
    return str(product.directory / "tls" / "ca.crt")
