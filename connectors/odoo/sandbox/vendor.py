"""The server's answers, without the socket: three protocols before one database."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from xmlrpc.client import loads

import msgspec
from lxml import etree

from connectors.sandbox import vendor
from connectors.sandbox.company import Company
from connectors.sandbox.vendor import HTML, Answer, Request

from .books import Books
from .database import Database
from .knobs import Knobs
from .orm import Fault

DATABASE, USERNAME, API_KEY = "fiduciaire", "koppeling@fiduciaire.example", "stamp-3f6c2d9a81e5"
_encode = msgspec.json.Encoder(decimal_format="number").encode
_POSITIONS = {"fields_get": ("allfields", "attributes")}
_STATUS = {"AccessError": 403, "AccessDenied": 401, "UserError": 422, "ValidationError": 422, "NotFound": 404}
_CODES = {"UserError": 2, "ValidationError": 2, "AccessDenied": 3, "AccessError": 4}


class Vendor(vendor.Vendor):
    """One Odoo server with one database. ``requests`` lists what was asked: model, method and parameters."""

    def __init__(self, company: Company, knobs: Knobs, now: Callable[[], datetime]) -> None:
        super().__init__(knobs, now)
        self.knobs: Knobs = knobs
        self.books = Books(company, now)
        self.database = Database(self.books, knobs)
        self.api_key = API_KEY
        self.requests: list[str] = []

    def answer(self, request: Request) -> Answer:
        with self.lock:
            path = request.path
            if path == "/web/version" and self.knobs.version >= 19:
                self.requests.append(path)
                told = {
                    "version_info": [self.knobs.version, 0, 0, "final", 0, ""],
                    "version": f"{self.knobs.version}.0",
                }
                return Answer(200, json.dumps(told).encode())
            if path == "/jsonrpc" and request.method == "POST":
                return self._json_rpc(request)
            if path in ("/xmlrpc/2/common", "/xmlrpc/2/object") and request.method == "POST":
                return self._xml_rpc(request, path.rpartition("/")[2])
            if path.startswith("/json/2/") and self.knobs.version >= 19:
                return self._json2(request)
            self.requests.append(path)
            return Answer(404, HTML, "text/html; charset=utf-8")

    def forget_sign_in(self) -> None:
        """The key is revoked."""
        self.api_key = "revoked"

    def emptied(self, answer: Answer) -> Answer:
        if answer.content_type.startswith("text/xml"):
            return Answer(200, to_xml([]), "text/xml")
        told = json.loads(answer.body)
        empty = [] if isinstance(told, list) else told | {"result": []} if isinstance(told, dict) else told
        return Answer(answer.status, json.dumps(empty).encode())

    def _json2(self, request: Request) -> Answer:
        model, _, method = request.path.removeprefix("/json/2/").partition("/")
        self.requests.append(f"{model} {method} {request.body.decode()}")
        if request.method != "POST":
            return _fault(404, "werkzeug.exceptions.NotFound", f"Did you mean POST {request.path}?")
        if request.headers.get("x-odoo-database") != DATABASE:
            return Answer(404, HTML, "text/html; charset=utf-8")
        given = request.headers.get("authorization", "")
        if not given:
            return _fault(
                401, "werkzeug.exceptions.Unauthorized", "User not authenticated, use an API Key with a Bearer"
            )
        if given.lower() != f"bearer {self.api_key}":
            return _fault(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey")
        if request.headers.get("content-type") != "application/json":
            return _fault(422, "werkzeug.exceptions.UnprocessableEntity", "not JSON")
        body = json.loads(request.body)
        if "ids" in body:
            return _fault(422, "werkzeug.exceptions.UnprocessableEntity", f"cannot call {model}.{method} with ids")
        try:
            return Answer(200, _encode(self.database.call(model, method, body)))
        except Fault as fault:
            missing = "doesn't exist" in fault.message or fault.name.endswith("AttributeError")
            name = "werkzeug.exceptions.NotFound" if missing else fault.name
            return _fault(_STATUS.get(name.rpartition(".")[2], 500), name, fault.message)

    def _json_rpc(self, request: Request) -> Answer:
        asked = json.loads(request.body)
        if asked.get("jsonrpc") != "2.0" or request.headers.get("content-type") != "application/json":
            return Answer(400, HTML, "text/html; charset=utf-8")
        params = asked["params"]
        try:
            result = self._service(params["service"], params["method"], params["args"])
        except Fault as fault:
            data = {"name": fault.name, "message": fault.message, "arguments": [fault.message], "debug": "Traceback"}
            error = {"code": 200, "message": "Odoo Server Error", "data": data}
            return Answer(200, _encode({"jsonrpc": "2.0", "id": asked["id"], "error": error}))
        return Answer(200, _encode({"jsonrpc": "2.0", "id": asked["id"], "result": result}))

    def _xml_rpc(self, request: Request, service: str) -> Answer:
        arguments, method = loads(request.body)
        try:
            return Answer(200, to_xml(self._service(service, str(method), list(arguments))), "text/xml")
        except Fault as fault:
            kind, name = fault.name.rpartition(".")[2], fault.name.removeprefix("builtins.")
            traceback = f"Traceback (most recent call last):\n  ...\n{name}: {fault.message}\n"
            code = _CODES.get(kind, 1)
            told = {"faultCode": code, "faultString": traceback if code == 1 else fault.message}
            return Answer(200, to_xml(told, fault=True), "text/xml")

    def _service(self, service: str, method: str, arguments: list[Any]) -> Any:
        if service == "common" and method == "version":
            return {"server_version": f"{self.knobs.version}.0", "protocol_version": 1}
        if arguments[0] != DATABASE:
            raise Fault("psycopg2.OperationalError", f'FATAL:  database "{arguments[0]}" does not exist')
        if service == "common" and method in ("authenticate", "login"):
            self.requests.append(f"common {method}")
            return 2 if (arguments[1], arguments[2]) == (USERNAME, self.api_key) else False
        if service != "object" or method != "execute_kw":
            raise Fault("builtins.KeyError", method)
        _, user, key, model, called, positional, named = arguments
        self.requests.append(f"{model} {called} {json.dumps([positional, named])}")
        if (user, key) != (2, self.api_key):
            raise Fault("odoo.exceptions.AccessDenied", "Access Denied")
        given = dict(zip(_POSITIONS.get(called, ("domain",)), positional, strict=False)) | named
        if "domain" in named and self.knobs.version < 17 and called in ("search", "search_count"):
            raise Fault("builtins.TypeError", f"{called}() got an unexpected keyword argument 'domain'")
        return self.database.call(model, called, given)


def _fault(status: int, name: str, message: str) -> Answer:
    told = {"name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback"}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Answer(status, json.dumps(told).encode(), headers=headers)


def to_xml(value: Any, *, fault: bool = False) -> bytes:
    """An XML-RPC answer."""
    root = etree.Element("methodResponse")
    place = etree.SubElement(root, "fault") if fault else etree.SubElement(etree.SubElement(root, "params"), "param")
    _put(etree.SubElement(place, "value"), value)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _put(node: etree._Element, value: Any) -> None:
    match value:
        case bool():
            etree.SubElement(node, "boolean").text = "1" if value else "0"
        case int():
            etree.SubElement(node, "int").text = str(value)
        case str():
            etree.SubElement(node, "string").text = value
        case list():
            data = etree.SubElement(etree.SubElement(node, "array"), "data")
            for each in value:
                _put(etree.SubElement(data, "value"), each)
        case Mapping():
            struct = etree.SubElement(node, "struct")
            for name, each in value.items():
                member = etree.SubElement(struct, "member")
                etree.SubElement(member, "name").text = str(name)
                _put(etree.SubElement(member, "value"), each)
        case _:
            etree.SubElement(node, "double").text = str(value)
