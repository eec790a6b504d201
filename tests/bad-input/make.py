#!/usr/bin/python3
"""Writes the tables of bad input beside it, one file a theme, one JSON object a line.

The answers stand here because the contract says so; none was copied from a run of the program.  Run
it again after a change: ./make.py

A row: name, method, path, key (user, admin, disabled, revoked, wrong, none), status, and where they
matter: headers, body / body_base64 / parts (pieces of a long body), code, pointers (the set of
them), allow, words (must stand in the answer), answer (members of it), results (of a bulk: null for
an accepted message, else its pointers), echo (base64 of what a member must read as afterwards),
request_id (what comes back; "made": one of the server's), front (the status of a web server that
refuses it by itself; then the row is for the responder's socket), direct (for the socket only).

In path, headers and body, a runner replaces {time:MS} (now and so many milliseconds), {key:WHO},
{id:NAME} and {cursor:LIST}; an edit may follow, as in {cursor:list;cut=1}.
"""
import base64
import json
import os
import sys
import urllib.parse

MESSAGES = "/api/v1/messages"
BULK = MESSAGES + "/bulk"
CHAT = {"platform": "telegram", "recipient": "4711"}
DAY = 86400000

files = {}
rows = None


def file(name):
    global rows
    rows = files[name] = []


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def row(name, method, path, status, key="user", **more):
    rows.append({"name": name, "method": method, "path": path, "key": key, "status": status,
                 **{k: v for k, v in more.items() if v is not None}})


def post(name, body, status=202, path=MESSAGES, **more):
    if isinstance(body, bytes):
        try:
            text = body.decode("utf-8")
        except UnicodeDecodeError:
            text = None
        if text is None or "\0" in text:
            more["body_base64"] = base64.b64encode(body).decode()
        else:
            more["body"] = text
    elif isinstance(body, list):
        more["parts"] = body
    else:
        more["body"] = body if isinstance(body, str) else compact(body)
    row(name, "POST", path, status, **more)


def malformed(name, body, **more):
    post(name, body, 400, code="malformed_json", **more)


def invalid(name, body, *pointers, **more):
    post(name, body, 422, code="validation_failed", pointers=list(pointers), **more)


def message(**members):
    whole = {"content": "a", "recipients": [CHAT], **members}
    return {k: v for k, v in whole.items() if v is not Ellipsis}


def repeat(piece, count, between=""):
    return {"piece": piece, "count": count, "between": between}


def around(text, part):
    """A long body: {part} of a template is replaced."""
    before, after = text.split("{part}")
    return [before, part, after]


# ---- JSON: syntax -------------------------------------------------------------------------------

# A value stands in the metadata of a message that is right otherwise.
def with_value(text):
    if isinstance(text, str):
        text = text.encode("utf-8")
    return compact(message(metadata={"v": 1})).encode().replace(b'{"v":1}', b'{"v":' + text + b"}")


def json_syntax():
    file("json-syntax")
    good_values = [
        "0", "-0", "1", "-1", "12", "123456789", "9007199254740993", "9223372036854775807",
        "-9223372036854775808", "1.5", "0.0", "-0.0", "0.1", "-0.1", "1.10", "3.141592653589793",
        "0.30000000000000004", "1e5", "1E5", "1e+5", "1e-5", "1E+05", "1E-05", "0e0", "0e+1", "0E1", "20e1",
        "1.0e-10", "123.456e7", "123.456e78", "1e308", "-1e308", "2.2250738585072014e-308", "5e-324",
        "0.000000000000000000000000000000000000000000000000000000000000000000000000000000001",
        "true", "false", "null", '""', '"a"', '"\\""', '"\\\\"', '"\\/"', '"\\b\\f\\n\\r\\t"', '"\\u0041"',
        '"\\u00e9"', '"\\u00E9"', '"\\u20ac"', '"\\uD834\\uDD1E"', '"\\ud834\\udd1e"', '"\\uDBFF\\uDFFF"',
        '"\\uFFFF"', '"\\uFFFE"', '"\\uFDD0"', '"\\u0001"', '"\\u001f"', '"\\u007f"', '"\\u0080"', '"\\u2028"',
        '"\\u200b"', '"\x7f"', '"\u00e9"', '"\u20ac"', '"\U0001d11e"', '"\U0010ffff"', '"\ufffe"',
        '"\u2028\u2029"', '"\\\\u0000"', '"\\\\\\\\"', '"a/*b*/c"', '"\'"', '" "', '"[{"', '"}]"', "[]", "[ ]",
        "[1]", "[1,2]", "[ 1 , 2 ]", "[\n1\n]", "[[]]", "[[],[]]", "[null]", "[true,false]", "{}", "{ }",
        '{"a":1}', '{"a":1,"b":2}', '{ "a" : 1 }', '{"a":{}}', '{"":0}', '{"a b":0}', '{"\\u0061":0}',
        '{"a":0,"A":1}', '{"a":0,"\\u0062":1}', '{"a":[{"b":[{}]}]}', '{"\u00e9":"\u00e9"}', " 1 ", "\t1\n", "\r1",
    ]
    for i, text in enumerate(good_values):
        post(f"y value {i}: {text!r}", with_value(text))
    bad_values = [
        # numbers
        "+1", "-", "--1", "- 1", "01", "-01", "00", "1.", ".5", "-.5", "1.e5", "1e", "1e+", "1e-", "1e1.5",
        "1.5.5", "1e5e5", "0x1F", "0b1", "0o7", "1_000", "1,000", "1 000", "1a", "1.5f", "1L", "NaN", "-NaN",
        "nan", "Inf", "Infinity", "-Infinity", "+Infinity", "1/2", "1+2", "\uff11", "\u0661", "\u22121", "1\u00a0",
        "0e", "0E+", "2.e3", "-a", "1e\u00b2", "0.1.2", "-1.", "1eE2", "0-1", "1 -",
        # words
        "tru", "True", "TRUE", "fals", "False", "nul", "Null", "NULL", "nil", "undefined", "none", "yes", "a",
        "truefalse", "truex", "nullnull", "true false", "*", "$", "#", "@", "&", "~", "\\", "/", "?", ";", "=",
        # strings
        '"', '"a', 'a"', "'a'", "`a`", '"\\"', '"\\', '"\\a"', '"\\x41"', '"\\0"', '"\\\'"', '"\\u"', '"\\u0"',
        '"\\u00"', '"\\u004"', '"\\u00g1"', '"\\uD834\\u"', '"\\U0041"', '"\\u 041"', '"\\u{41}"', '"\\e"',
        '"\\v"', '"\\\t"', '"\\\n"', '"\\ "', '"\t"', '"\n"', '"\r"', '"\x01"', '"\x1f"', '"\x08"', '"\x0c"',
        '"a" "b"', '"a"b', '"a\\', '"\\\u00e9"', "\u201ca\u201d", '"a\'', '""a""', "'", "\u00e9",
        # arrays
        "[", "]", "[1", "1]", "[1,", "[1,]", "[,1]", "[,]", "[1,,2]", "[1 2]", "[1;2]", "[1:2]", "[[]", "[]]",
        "[1}", "[a]", '["a"', '["a",', "[1,\n", "[-]", "[*]", '["a":1]', "[x", "[1,2", "[1 true]", "(1)", "<1>",
        "[//c\n1]", "[/*c*/1]", "[1]/**/x", "[...]", '["",]', "[[1],]", "[#c\n1]", "[\x0b1]", "[\x0c1]",
        "[\u00a01]", "[\u20281]", "[\u30001]", "[\u20601]", "[\ufeff1]",
        # objects
        "{", '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{,"a":1}', '{"a":1,,"b":2}', '{"a" 1}',
        '{"a",1}', '{"a"::1}', '{"a":}', '{:1}', '{"a":1 "b":2}', '{"a":1;"b":2}', '{"a"=1}', "{a:1}", "{'a':1}",
        "{1:1}", "{null:1}", "{true:1}", "{[]:1}", '{"a":1]', '{"a":1}}x', '{"a":"b"', '{"a":b}', '{"a"}', "{1}",
        '{"a":1/**/}', '{//c\n"a":1}', '{"a":1,"b"}', '{"a":1:2}', '{"a" "b":1}', '{{"a":1}}', '{"a\n":1}',
        '{"a":1,:}', "{,}", '{"a":+1}', '{"a":01}', '{"a":NaN}', '{"a":{}', "{...}", '{"a":1,...}',
        '{"a\\":1}', '{"a":\'b\'}', '{"\\x61":1}', '{"\t":1}',
    ]
    for i, text in enumerate(bad_values):
        malformed(f"n value {i}: {text!r}", with_value(text))
    whole = compact(message()).encode()
    good_wholes = {
        "blanks before": b" \t\r\n" + whole, "blanks after": whole + b" \t\r\n", "a new line after": whole + b"\n",
        "blanks everywhere": json.dumps(message(), indent=4).encode(),
        "names escaped": whole.replace(b'"content"', b'"\\u0063ontent"'),
        "slashes escaped": whole.replace(b'"a"', b'"\\/"'),
    }
    for name, body in good_wholes.items():
        post("y whole: " + name, body)
    bad_wholes = {
        "nothing": b"", "a blank": b" ", "a new line": b"\n", "an open brace": b"{", "a closing brace": b"}",
        "an open bracket": b"[", "a closing bracket": b"]", "a comma": b",", "a colon": b":", "a quote": b'"',
        "a letter": b"a", "a word": b"content", "a comment": b"/* */", "a comment before": b"/* */" + whole,
        "a comment after": whole + b"// end", "a hash comment": b"# \n" + whole, "a brace too many": whole + b"}",
        "a bracket too many": whole + b"]", "a comma after": whole + b",", "a word after": whole + b"x",
        "twice": whole + whole, "a line each": whole + b"\n" + whole, "a quote after": whole + b'"',
        "one byte missing": whole[:-1], "half": whole[:len(whole) // 2], "a comma before": b"," + whole,
        "a number after": whole + b"1", "an array after": whole + b"[]", "semicolon": whole + b";",
        "in parentheses": b"(" + whole + b")", "a callback": b"cb(" + whole + b")",
        "a guard before": b")]}',\n" + whole, "an assignment": b"x=" + whole, "unquoted names":
        whole.replace(b'"content"', b"content"), "single quotes": whole.replace(b'"', b"'"),
        "a trailing comma": whole[:-1] + b",}", "a NUL after": whole + b"\0", "a NUL before": b"\0" + whole,
        "a NUL inside": whole.replace(b":", b":\0", 1), "only a NUL": b"\0", "a form feed after": whole + b"\f",
        "a vertical tab before": b"\v" + whole, "a no-break space before": b"\xc2\xa0" + whole,
        "a form": b"content=a&recipients=4711", "XML": b"<content>a</content>", "YAML": b"content: a\n",
        "a gzip header": b"\x1f\x8b\x08\x00", "a binary": bytes(range(256)), "a DEL": b"\x7f",
        "a record separator": b"\x1e" + whole, "an equals sign": whole.replace(b":", b"=", 1),
        "a question mark": b"?", "a star": b"*", "a minus": b"-", "a dot": b".", "an escape": b"\\u007b\\u007d",
        "an ampersand": b"&", "a quoted brace, open": b'"{', "a cut name": b'{"conte',
    }
    for name, body in bad_wholes.items():
        malformed("n whole: " + name, body)
    encodings = {
        "UTF-16LE": whole.decode().encode("utf-16-le"), "UTF-16BE": whole.decode().encode("utf-16-be"),
        "UTF-16LE with a mark": whole.decode().encode("utf-16"), "UTF-32LE": whole.decode().encode("utf-32-le"),
        "UTF-32BE": whole.decode().encode("utf-32-be"), "UTF-7": "{\"content\":\"+AOk-\"".encode("ascii"),
        "a mark of order": b"\xef\xbb\xbf" + whole, "half a mark": b"\xef\xbb" + whole,
        "a mark alone": b"\xef\xbb\xbf", "a mark at the end": whole + b"\xef\xbb\xbf",
    }
    for name, body in encodings.items():
        malformed("n encoding: " + name, body)
    sequences = {
        "Latin-1": b"\xe9", "a lone continuation": b"\x80", "a lone continuation, last": b"\xbf",
        "two continuations": b"\x80\xbf", "two bytes, cut": b"\xc3", "two bytes, cut by a letter": b"\xc3a",
        "three bytes, cut after one": b"\xe2", "three bytes, cut after two": b"\xe2\x82",
        "four bytes, cut after one": b"\xf0", "four bytes, cut after two": b"\xf0\x9f",
        "four bytes, cut after three": b"\xf0\x9f\x98", "overlong NUL": b"\xc0\x80",
        "overlong slash": b"\xc0\xaf", "overlong letter": b"\xc1\x81", "overlong slash of three": b"\xe0\x80\xaf",
        "overlong slash of four": b"\xf0\x80\x80\xaf", "overlong U+07FF": b"\xe0\x9f\xbf",
        "overlong U+FFFF": b"\xf0\x8f\xbf\xbf", "overlong quote": b"\xc0\xa2", "a high surrogate": b"\xed\xa0\x80",
        "a low surrogate": b"\xed\xb0\x80", "a pair of surrogates": b"\xed\xa0\xb4\xed\xb4\x9e",
        "the last surrogate": b"\xed\xbf\xbf", "above U+10FFFF": b"\xf4\x90\x80\x80", "F5": b"\xf5\x80\x80\x80",
        "five bytes": b"\xf8\x88\x80\x80\x80", "six bytes": b"\xfc\x84\x80\x80\x80\x80", "FE": b"\xfe", "FF": b"\xff",
        "FE FF": b"\xfe\xff", "good, then bad": "\u00e9".encode() + b"\xe9", "bad, then good": b"\xe9" + "\u00e9".encode(),
    }
    for name, raw in sequences.items():
        malformed("n UTF-8 in a content: " + name, whole.replace(b'"a"', b'"' + raw + b'"'))
        malformed("n UTF-8 in a name: " + name, whole[:-1] + b',"' + raw + b'":1}')


# ---- JSON: meaning ------------------------------------------------------------------------------

def json_meaning():
    file("json-meaning")
    whole = compact(message())
    for name, doubled in {
        "content": whole[:-1] + ',"content":"a"}', "content, the same": '{"content":"a",' + whole[1:],
        "recipients": whole[:-1] + ',"recipients":[]}', "an unknown one": whole[:-1] + ',"x":1,"x":1}',
        "of a recipient": whole.replace('"recipient":', '"recipient":"1","recipient":'),
        "of metadata": compact(message(metadata={})).replace("{}", '{"a":1,"a":2}'),
        "deep in metadata": compact(message(metadata={})).replace("{}", '{"b":[{"a":1,"a":2}]}'),
        "in two spellings": whole[:-1] + ',"\\u0063ontent":"b"}', "the empty one": whole[:-1] + ',"":1,"":2}',
        "of from": compact(message()).replace("{\"content", '{"from":{"sms":"+15551240000","sms":"A"},"content'),
        "null and a value": whole[:-1] + ',"subject":null,"subject":"s"}',
    }.items():
        malformed("a name twice: " + name, doubled)

    def nested(depth, opening="[", closing="]"):
        """depth counts all levels of the body, with the body and its metadata."""
        inner = opening * (depth - 2) + "1" * (opening == '{"a":') + closing * (depth - 2)
        return with_value(inner)

    for depth in (3, 31, 32):
        post(f"arrays {depth} deep", nested(depth))
        post(f"objects {depth} deep", nested(depth, '{"a":', "}"))
    for depth in (33, 34, 64, 500, 5000):
        malformed(f"arrays {depth} deep", nested(depth))
        malformed(f"objects {depth} deep", nested(depth, '{"a":', "}"))
    for opening in ("[", '{"a":', '[{"a":', "[[],", '"['):
        malformed(f"only opened, 100,000 times: {opening}", [repeat(opening, 100000)])
    malformed("only closed, 100,000 times", [repeat("]", 100000)])
    post("brackets in a string do not count", message(content="[" * 1000))
    post("escaped quotes before brackets do not count", message(content='"[' * 500))
    for text in ("1e309", "-1e309", "1e999", "-1e999", "1E+400", "9.9e308", "1e99999999999", "1" + "0" * 400,
                 "1" + "0" * 400 + ".0", "123456789012345678901234567890", "9223372036854775808",
                 "-9223372036854775809", "18446744073709551616"):
        malformed(f"a number too large: {text[:30]} ({len(text)})", with_value(text))
    for text in ("1e-400", "-1e-400", "0e999", "0." + "0" * 400 + "1", "1e-99999999999"):
        post(f"a number next to nothing: {text[:30]} ({len(text)})", with_value(text))
    surrogates = {
        "high": "\\ud800", "low": "\\udc00", "high, last": "\\udbff", "low, last": "\\udfff", "two high": "\\ud800\\ud800",
        "two low": "\\udc00\\udc00", "swapped": "\\udc00\\ud800", "high before a letter": "\\ud800a",
        "high before an escape": "\\ud800\\n", "high before U+0041": "\\ud800\\u0041", "letter before low": "a\\udc00",
        "a pair and a high": "\\ud834\\udd1e\\ud834", "a pair and a low": "\\ud834\\udd1e\\udd1e", "upper case": "\\uD800",
        "high before a cut one": "\\ud800\\u12", "high and the end": "\\ud800\\",
    }
    for name, text in surrogates.items():
        malformed("a lone surrogate in a content: " + name, whole.replace('"a"', f'"{text}"'))
        malformed("a lone surrogate in metadata: " + name, with_value(f'"{text}"'))
    for name, body in {
        "content": whole.replace('"a"', '"a\\u0000b"'), "content, alone": whole.replace('"a"', '"\\u0000"'),
        "a name": whole[:-1] + ',"a\\u0000b":1}', "the name of a member": whole.replace("content", "content\\u0000"),
        "a recipient": whole.replace("4711", "4711\\u0000"), "a platform": whole.replace("telegram", "telegram\\u0000"),
        "metadata": with_value('"\\u0000"'), "a name of metadata": with_value('{"\\u0000":1}'),
        "subject": whole[:-1] + ',"subject":"\\u0000"}', "html": whole[:-1] + ',"html":"\\u0000"}',
        "priority": whole[:-1] + ',"priority":"low\\u0000"}',
        "scheduled_at": whole[:-1] + ',"scheduled_at":"2026-12-01T09:00:00Z\\u0000"}',
    }.items():
        malformed("U+0000 in " + name, body)
    for name, body in {"a raw NUL in content": whole.replace('"a"', '"a\0b"'),
                       "a raw NUL in a name": whole[:-1] + ',"a\0":1}'}.items():
        malformed(name, body.encode())
    for text in ("null", "true", "false", "0", "-1", "1.5", '""', '"a"', "[]", "[{}]", "[null]", '[{"content":"a"}]',
                 ' "a" ', "[[]]", '"{}"'):
        invalid(f"the whole is no object: {text}", text, "")
        invalid(f"the whole of a bulk is no object: {text}", text, "", path=BULK)


# ---- the members of a message -------------------------------------------------------------------

NOT_TEXTS = [1, 0, -1, 1.5, True, False, [], {}, ["a"], {"a": "b"}]


def members():
    file("members")
    for value in [None] + NOT_TEXTS:
        invalid(f"content {value!r}", message(content=value), "/content")
    invalid("no content", message(content=...), "/content")
    invalid("an empty content", message(content=""), "/content")
    post("a content of one byte", message(content="a"))
    post("a content of one blank", message(content=" "))
    post("a content of a new line", message(content="\n"))
    for unit, name in (("x", "1"), ("\u00e9", "2"), ("\u20ac", "3"), ("\U0001f600", "4")):
        size = len(unit.encode())
        whole = compact(message(content="{part}"))
        fits = 65536 // size
        post(f"a content of {fits * size} bytes, {name} each", around(whole, repeat(unit, fits)))
        invalid(f"a content of {(fits + 1) * size} bytes, {name} each", around(whole, repeat(unit, fits + 1)), "/content")
    post("a content of 65,535 bytes", around(compact(message(content="{part}")), repeat("x", 65535)))
    post("a content of 65,536 bytes, escaped", around(compact(message(content="{part}")), repeat("\\u0041", 65536)))
    invalid("a content of 65,537 bytes, escaped", around(compact(message(content="{part}")), repeat("\\n", 65537)),
            "/content", words="65,536")
    invalid("a content of a megabyte", around(compact(message(content="{part}")), repeat("x", 1 << 20)), "/content")

    for value in NOT_TEXTS:
        invalid(f"subject {value!r}", message(subject=value), "/subject")
    post("subject null", message(subject=None), answer={"status": "pending"})
    post("an empty subject", message(subject=""))
    post("a subject of 998 bytes", message(subject="x" * 998))
    invalid("a subject of 999 bytes", message(subject="x" * 999), "/subject", words="998")
    post("a subject of 998 bytes, 2 each", message(subject="\u00e9" * 499))
    invalid("a subject of 1,000 bytes, 2 each", message(subject="\u00e9" * 500), "/subject")
    invalid("a subject of 65,536 bytes", message(subject="x" * 65536), "/subject")
    for text in ("\n", "\r", "\r\n", "a\nb", "a\rb", "a\r\nb", "a\r\n b", "a\n\tb", "\na", "a\n", "a\r\nBcc: b@example.com",
                 "a\r\n\r\nbody", "x" * 997 + "\n"):
        invalid(f"a subject with a line break: {text[-30:]!r}", message(subject=text), "/subject")

    for value in NOT_TEXTS:
        invalid(f"html {value!r}", message(html=value), "/html")
    post("html null", message(html=None))
    invalid("an empty html", message(html=""), "/html")
    post("html of one byte", message(html="a"))
    post("html of 262,144 bytes", around(compact(message(html="{part}")), repeat("x", 262144)))
    invalid("html of 262,145 bytes", around(compact(message(html="{part}")), repeat("x", 262145)), "/html")

    for value in [None] + NOT_TEXTS + ["a"]:
        if value != [] and not isinstance(value, list):
            invalid(f"recipients {value!r}", message(recipients=value), "/recipients")
    invalid("no recipients", message(recipients=...), "/recipients")
    invalid("an empty list of recipients", message(recipients=[]), "/recipients")
    one = '{"platform":"telegram","recipient":"{n:100000}"}'
    later = '{"content":"a","scheduled_at":"{time:%d}","recipients":[{part}]}' % DAY
    for count in (1, 2, 999, 1000):
        post(f"{count} recipients", around(later, repeat(one, count, ",")), answer={"recipient_count": count})
    for count in (1001, 1002, 10000):
        invalid(f"{count} recipients", around(later, repeat(one, count, ",")), "/recipients", words="1,000")
    invalid("1001 that are nothing", around(later, repeat("null", 1001, ",")), "/recipients")
    post("one recipient twice", message(recipients=[CHAT, CHAT]), answer={"recipient_count": 1})
    post("one recipient 1,000 times", around(later, repeat(compact(CHAT), 1000, ",")), answer={"recipient_count": 1})
    post("one number on two platforms", message(scheduled_at="{time:%d}" % DAY, recipients=[
        {"platform": "sms", "recipient": "+15551240100"}, {"platform": "whatsapp", "recipient": "+15551240100"}]),
        answer={"recipient_count": 2})
    post("twice, with other metadata", message(recipients=[CHAT, {**CHAT, "metadata": {"a": 1}}]), answer={"recipient_count": 1})
    for value in [None, 1, True, "4711", [], ["telegram", "4711"], 1.5]:
        invalid(f"a recipient {value!r}", message(recipients=[value]), "/recipients/0")
    invalid("a recipient {}", message(recipients=[{}]), "/recipients/0/platform", "/recipients/0/recipient")
    invalid("a recipient without platform", message(recipients=[{"recipient": "4711"}]), "/recipients/0/platform")
    invalid("a recipient without address", message(recipients=[{"platform": "telegram"}]), "/recipients/0/recipient")
    for value in [None] + NOT_TEXTS:
        invalid(f"platform {value!r}", message(recipients=[{**CHAT, "platform": value}]), "/recipients/0/platform")
        invalid(f"recipient {value!r}", message(recipients=[{**CHAT, "recipient": value}]), "/recipients/0/recipient")
    for value in ("", " ", "SMS", "Sms", "sms ", " sms", "sms\n", "mail", "e-mail", "Email", "whats app", "WhatsApp",
                  "telegram2", "fax", "push", "mock", "twilio", "null", "0", "sms,email", "*", "\u0455ms", "x" * 1000):
        invalid(f"platform {value[:20]!r}", message(recipients=[{**CHAT, "platform": value}]), "/recipients/0/platform")
    for name in ("nmae", "id", "status", "Platform", "recipients", "to", "", " ", "a/b", "a~b", "~1", "\u00e9", "platform "):
        token = name.replace("~", "~0").replace("/", "~1")
        invalid(f"an unknown member of a recipient: {name!r}", message(recipients=[{**CHAT, name: 1}]), "/recipients/0/" + token)
        invalid(f"an unknown member: {name!r}", message(**{name: None}), "/" + token)
    invalid("an unknown member with a name of 64 bytes", message(**{"x" * 64: 1}), "/" + "x" * 64)
    invalid("three unknown members", message(Content="a", to=[], recipient="4711"), "/Content", "/to", "/recipient")
    post("an unknown member with a long name", message(**{"\u20ac" * 5000: 1}), 422, code="validation_failed")
    for i in (1, 9, 10, 99, 999):
        body = around(later, repeat(one, i, ","))
        body[2] = ',{"platform":"telegram","recipient":"x"}' + body[2]
        invalid(f"the fault is at index {i}", body, f"/recipients/{i}/recipient")
    invalid("every fault at once", {
        "content": "", "subject": "a\nb", "html": 1, "recipients": [{"platform": "sms", "recipient": "1"}, CHAT, 1, {}],
        "from": {"sms": ""}, "priority": "now", "scheduled_at": "soon", "expires_at": "never", "metadata": [], "extra": 1},
        "/content", "/subject", "/html", "/recipients/0/recipient", "/recipients/2", "/recipients/3/platform",
        "/recipients/3/recipient", "/from/sms", "/priority", "/scheduled_at", "/expires_at", "/metadata", "/extra")
    invalid("nothing at all", {}, "/content", "/recipients")

    for value in ("high", "normal", "low", None):
        post(f"priority {value!r}", message(priority=value))
    for value in NOT_TEXTS + ["", "High", "HIGH", " high", "high ", "urgent", "medium", "1", "normal\n", "lo", "lowest"]:
        invalid(f"priority {value!r}", message(priority=value), "/priority")

    file("metadata")
    for name, holder, pointer in (("a message", lambda v: message(metadata=v), "/metadata"),
                                  ("a recipient", lambda v: message(recipients=[{**CHAT, "metadata": v}]), "/recipients/0/metadata")):
        for value in (1, 0, 1.5, True, False, [], "a", "", "{}", [{}]):
            invalid(f"metadata of {name}: {value!r}", holder(value), pointer)
        for value in (None, {}, {"a": None}, {"": ""}, {"a": {"b": {"c": []}}}, {"name": "Ada"}, {"x" * 1000: 1}):
            post(f"metadata of {name}: {compact(value)[:40]}", holder(value))
        for size in (4095, 4096):
            post(f"metadata of {name}, {size} bytes", holder({"a": "x" * (size - 8)}))
        for size in (4097, 4098, 8192, 65536):
            invalid(f"metadata of {name}, {size} bytes", holder({"a": "x" * (size - 8)}), pointer, words="4,096")
        post(f"metadata of {name}, 4096 bytes of 2 each", holder({"a": "\u00e9" * 2044}))
        invalid(f"metadata of {name}, 4098 bytes of 2 each", holder({"a": "\u00e9" * 2045}), pointer)
        post(f"metadata of {name}, 4096 bytes of names", holder({"x" * 4090: 1}))
        invalid(f"metadata of {name}, 4097 bytes of names", holder({"x" * 4091: 1}), pointer)
        blanks = compact(holder({"a": "x" * 4088})).replace('{"a":', '{ "a" : ')
        post(f"metadata of {name}, 4096 bytes and blanks that do not count", blanks)
        escaped = compact(holder({"a": "PLACE"})).replace("PLACE", "\\u0041" * 4088)
        post(f"metadata of {name}, 4096 bytes once unescaped", escaped)

    file("from")
    for value in (1, True, [], "a", "+15551240000", [{"sms": "a"}]):
        invalid(f"from {value!r}", {**message(), "from": value}, "/from")
    for value in (None, {}):
        post(f"from {value!r}", {**message(), "from": value})
    for platform, good, bad in (
        ("sms", ["+1555124000", "+15551240000", "ACME", "Acme 1", "A", "abcdefghijk", "1234"],
         ["", "abcdefghijkl", "+0155512400", "+1", "+1555124000a", "A\n", "\u00e9", "<A>"]),
        ("whatsapp", ["+15551240000"], ["", "15551240000", "ACME", "whatsapp:+15551240000", "+1"]),
        ("email", ["ada@example.com", "Ada <ada@example.com>", "Ada L <ada@example.com>", '"L, Ada" <ada@example.com>',
                   "\u00c4da <ada@example.com>", "<ada@example.com>"],
         ["", "ada", "Ada", "Ada <>", "Ada <ada>", "Ada <ada@example.com", "ada@example.com, bob@example.com",
          "Ada <ada@example.com> x", "Ada\r\nBcc: x <ada@example.com>", "L, Ada <ada@example.com>",
          "a" * 65 + "@example.com", "ada@example.com\n"]),
        ("telegram", [], ["4711", "@channel", "bot", ""]),
    ):
        for text in good:
            post(f"from {platform} {text!r}", {**message(), "from": {platform: text}})
        for text in bad:
            invalid(f"from {platform} {text!r}", {**message(), "from": {platform: text}}, "/from/" + platform)
        for value in (1, True, [], {}):
            invalid(f"from {platform} {value!r}", {**message(), "from": {platform: value}}, "/from/" + platform)
        invalid(f"from {platform}, long", {**message(), "from": {platform: "x" * 5000}}, "/from/" + platform)
    for name in ("x" * 256, "\u00c4" * 128):
        post(f"from email, a name of 256 bytes, {name[0]}", {**message(), "from": {"email": name + " <ada@example.com>"}})
        invalid(f"from email, a name of 257 bytes, {name[0]}",
                {**message(), "from": {"email": name + "x <ada@example.com>"}}, "/from/email")
    for name in ("fax", "SMS", "", "a/b", "*"):
        invalid(f"from {name!r}", {**message(), "from": {name: "+15551240000"}}, "/from/" + name.replace("/", "~1"))


# ---- addresses ----------------------------------------------------------------------------------

def addresses():
    file("addresses")
    phones = (["+1234567", "+12345678", "+15551234567", "+491701234567", "+12345678901234", "+123456789012345",
               "+9999999", "+8613800138000"],
              ["", "+", "1", "+1", "+12345", "+123456", "+1234567890123456", "+" + "1" * 1000, "15551234567", "0015551234567",
               "+0123456789", "+00000000", "++15551234567", "-15551234567", "+1 555 123 4567", "+1-555-123-4567",
               "+1(555)1234567", "+1.555.123.4567", "+1555123456a", "+1555123456\n", " +15551234567", "+15551234567 ",
               "+1555\t1234567", "tel:+15551234567", "whatsapp:+15551234567", "sms:+15551234567", "+15551234567;ext=1",
               "+15551234567,+15551234568", "+1555123456\u0667", "\uff0b15551234567", "+\uff1115551234567", "ada@example.com", "@channel",
               "+1e10", "+0x15551234567", "+1_555_1234567", "+15551234567\u200b", "\u202a+15551234567", "+15551234567/", "null"])
    label = "d" * 63
    emails = (["a@b.co", "ada@example.com", "ADA@EXAMPLE.COM", "a.b@example.com", "a.b.c.d@example.com", "a+tag@example.com",
               "a-b@example.com", "a_b@example.com", "1@example.com", "!#$%&'*+-/=?^_`{|}~@example.com", "a@sub.example.com",
               "a@a.b.c.d.e.f.example.com", "a@ex-ample.com", "a@ex--ample.com", "a@1example.com", "a@123.example.com",
               "a@xn--mnchen-3ya.de", "a@example.museum", "a@" + label + ".com", "a" * 64 + "@example.com",
               "a" * 64 + "@" + ".".join([label, label, "d" * 61]), "\u00e4da@example.com", "\u65e5\u672c@example.com", "\U0001f600@example.com",
               "o'brien@example.com"],
              ["", "a", "ada", "@", "@example.com", "ada@", "ada@@example.com", "ada@example@example.com", "ada example.com",
               "ada@localhost", "ada@com", "ada@.com", "ada@example.", "ada@example.com.", "ada@example..com", "ada@.example.com",
               ".ada@example.com", "ada.@example.com", "a..b@example.com", "ada @example.com", "ada@ example.com",
               " ada@example.com", "ada@example.com ", "ada@exam ple.com", "ada@example.com\n", "ada@example.com\r\nBcc: b@example.com",
               "ada\n@example.com", "\tada@example.com", "ada@-example.com", "ada@example-.com", "ada@ex_ample.com",
               "ada@example.c\u00f6m", "ada@m\u00fcnchen.de", "ada@[127.0.0.1]", "ada@[IPv6:::1]", '"ada"@example.com',
               '"a b"@example.com', "(comment)ada@example.com", "ada@example.com(comment)", "Ada <ada@example.com>",
               "<ada@example.com>", "mailto:ada@example.com", "ada@example.com,bob@example.com", "ada@example.com;bob@example.com",
               "ada,bob@example.com", "ada(a)@example.com", "ada<a>@example.com", "ada[a]@example.com", "ada:a@example.com",
               "ada;a@example.com", "ada\\a@example.com", "ada\"a@example.com", "a" * 65 + "@example.com",
               "a" * 64 + "@" + ".".join([label, label, "d" * 62]), "a@" + "d" * 64 + ".com", "a" * 10000 + "@example.com",
               "a@" + "d." * 5000 + "com", "ada@example.com\u200b", "ada\x7f@example.com", "ada\x01@example.com",
               "ada@example.com/", "ada@example.com#x", "ada@example,com", "ada@\u4f8b\u3048.jp", "+15551234567", "ada%00@exa%mple.com"])
    chats = (["1", "-1", "4711", "-4711", "-1001234567890", "123456789", "4503599627370495", "-4503599627370495", "@abcde",
              "@channel", "@CHANNEL", "@a1234", "@a_b_c", "@abcd_", "@" + "a" * 32, "@Z" + "9" * 31],
             ["", "0", "-0", "00", "01", "-01", "+1", "--1", "-", "1-", "1.0", "1.5", "1e3", "0x10", " 1", "1 ", "1\n", "1,000",
              "4503599627370496", "-4503599627370496", "9223372036854775807", "9" * 100, "\u0661", "\uff11", "@", "@a", "@abcd",
              "@" + "a" * 33, "@" + "a" * 1000, "@1abcd", "@_abcd", "@abc-d", "@abc.d", "@abc d", "@abcd\n", "@@abcde", "abcde", "channel",
              "@caf\u00e9x", "@\u0430bcde", "t.me/channel", "https://t.me/channel", "@channel/1", "@chan\u200bnel", "+15551234567",
              "ada@example.com", "null", "NaN", "-@abcde"])
    for platform, (good, bad) in (("sms", phones), ("whatsapp", phones), ("email", emails), ("telegram", chats)):
        for text in good:
            post(f"{platform} {text[:40]!r} ({len(text)})", message(
                scheduled_at="{time:%d}" % DAY, recipients=[{"platform": platform, "recipient": text}]))
        for text in bad:
            invalid(f"{platform} {text[:40]!r} ({len(text)})", message(recipients=[{"platform": platform, "recipient": text}]),
                    "/recipients/0/recipient")


# ---- times --------------------------------------------------------------------------------------

BAD_TIMES = [
    "", " ", "now", "tomorrow", "null", "0", "1796115600", "1796115600000", "2026-12-01", "09:00:00Z", "T09:00:00Z",
    "2026-12-01T", "2026-12-01T09:00:00", "2026-12-01T09:00Z", "2026-12-01T09Z", "2026-12-01 09:00:00Z", "2026-12-01_09:00:00Z",
    "20261201T090000Z", "2026-1-1T09:00:00Z", "26-12-01T09:00:00Z", "12026-12-01T09:00:00Z", "+2026-12-01T09:00:00Z",
    "-2026-12-01T09:00:00Z", "2026-00-01T09:00:00Z", "2026-13-01T09:00:00Z", "2026-12-00T09:00:00Z", "2026-12-32T09:00:00Z",
    "2026-04-31T09:00:00Z", "2026-02-30T09:00:00Z", "2027-02-29T09:00:00Z", "2100-02-29T09:00:00Z", "2026-12-01T24:00:00Z",
    "2026-12-01T25:00:00Z", "2026-12-01T09:60:00Z", "2026-12-01T09:00:61Z", "2026-12-01T09:00:60Z", "2026-12-01T9:00:00Z",
    "2026-12-01T09:0:00Z", "2026-12-01T09:00:0Z", "2026-12-01T09:00:00.Z", "2026-12-01T09:00:00,5Z", "2026-12-01T09:00:00.5.5Z",
    "2026-12-01T09:00:00.-5Z", "2026-12-01T09:00:00+01", "2026-12-01T09:00:00+0100", "2026-12-01T09:00:00+1:00",
    "2026-12-01T09:00:00+24:00", "2026-12-01T09:00:00+01:60", "2026-12-01T09:00:00 Z", "2026-12-01T09:00:00ZZ",
    "2026-12-01T09:00:00Z ", " 2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z\n", "2026-12-01T09:00:00UTC", "2026-12-01T09:00:00CET",
    "2026-12-01T09:00:00+01:00[Europe/Berlin]", "2026-12-01T09:00:00\u221201:00", "2026-W49-2T09:00:00Z", "2026-335T09:00:00Z",
    "2026-12-01T09:00:00Z/PT1H", "2026/12/01T09:00:00Z", "01.12.2026 09:00", "Tue, 01 Dec 2026 09:00:00 GMT",
    "2026-12-01T09-00-00Z", "2026-12-01T0x:00:00Z", "2026-12-01T09:00:00.abcZ", "\uff12026-12-01T09:00:00Z", "2026-12-01T09:00:00--01:00",
    "9" * 1000,
]
GOOD_PAST_TIMES = [
    "2020-01-01T00:00:00Z", "2020-01-01T00:00:00z", "2020-01-01t00:00:00Z", "2020-02-29T12:00:00Z", "2000-02-29T12:00:00Z",
    "2020-01-01T00:00:00.1Z", "2020-01-01T00:00:00.123Z", "2020-01-01T00:00:00.123456789Z", "2020-01-01T00:00:00+00:00",
    "2020-01-01T00:00:00-00:00", "2020-01-01T00:00:00+23:59", "2020-01-01T00:00:00-23:59", "2016-12-31T23:59:60Z",
    "1990-12-31T15:59:60-08:00", "1970-01-01T00:00:00Z", "2020-01-01T23:59:59.999Z",
]


def times():
    file("times")
    for value in NOT_TEXTS:
        invalid(f"scheduled_at {value!r}", message(scheduled_at=value), "/scheduled_at")
        invalid(f"expires_at {value!r}", message(expires_at=value), "/expires_at")
    for text in BAD_TIMES:
        invalid(f"scheduled_at {text[:40]!r}", message(scheduled_at=text), "/scheduled_at")
        invalid(f"expires_at {text[:40]!r}", message(expires_at=text), "/expires_at")
    for text in GOOD_PAST_TIMES:
        post(f"scheduled_at {text!r} sends now", message(scheduled_at=text), answer={"status": "pending", "scheduled_at": None})
        invalid(f"expires_at {text!r} has passed", message(expires_at=text), "/expires_at")
    post("scheduled_at and expires_at null", message(scheduled_at=None, expires_at=None), answer={"scheduled_at": None})
    post("scheduled_at a second ago", message(scheduled_at="{time:-1000}"), answer={"scheduled_at": None})
    for ms in (60000, DAY, 365 * DAY, 366 * DAY - 60000, 366 * DAY):
        post(f"scheduled_at in {ms} ms", message(scheduled_at="{time:%d}" % ms), answer={"status": "scheduled"})
    for ms in (366 * DAY + 60000, 367 * DAY, 3660 * DAY):
        invalid(f"scheduled_at in {ms} ms", message(scheduled_at="{time:%d}" % ms), "/scheduled_at", words="366")
    invalid("scheduled_at in the last year", message(scheduled_at="9999-12-31T23:59:59Z"), "/scheduled_at")
    for ms in (-DAY, -1000, 0):
        invalid(f"expires_at in {ms} ms", message(expires_at="{time:%d}" % ms), "/expires_at")
    for ms in (60000, DAY, 366 * DAY, 3660 * DAY):
        post(f"expires_at in {ms} ms", message(expires_at="{time:%d}" % ms))
    for name, at, end, good in (
        ("after it", DAY, DAY + 1000, True), ("a millisecond after it", DAY, DAY + 1, True), ("at it", DAY, DAY, False),
        ("a millisecond before it", DAY, DAY - 1, False), ("before it", DAY, 60000, False), ("past, and it future", DAY, -1000, False),
        ("future, and it past", -DAY, 60000, True), ("past, and it earlier", -DAY, -1000, False),
    ):
        body = message(scheduled_at="{time:%d}" % at, expires_at="{time:%d}" % end)
        post(f"expires_at {name}", body) if good else invalid(f"expires_at {name}", body, "/expires_at")
    invalid("both wrong", message(scheduled_at="x", expires_at="y"), "/scheduled_at", "/expires_at")
    invalid("one too far, the other past", message(scheduled_at="{time:%d}" % (400 * DAY), expires_at="{time:-1}"),
            "/scheduled_at", "/expires_at")


# ---- bulk ---------------------------------------------------------------------------------------

def bulk():
    file("bulk")
    good = compact({**message(), "scheduled_at": "{time:%d}" % DAY})
    whole = '{"messages":[{part}]}'
    for value in (None, 1, True, "a", {}, {"0": message()}, []):
        invalid(f"messages {value!r}"[:60], {"messages": value}, "/messages", path=BULK)
    invalid("no messages", {}, "/messages", path=BULK)
    invalid("a single message", message(), "/messages", "/content", "/recipients", path=BULK)
    invalid("an unknown member beside", {"messages": [message()], "extra": 1}, "/extra", path=BULK)
    invalid("names that a pointer escapes", {"messages": [message()], "a/b~c": 1}, "/a~1b~0c", path=BULK)
    invalid("no messages and an unknown member", {"Messages": []}, "/messages", "/Messages", path=BULK)
    malformed("messages twice", '{"messages":[],"messages":[]}', path=BULK)
    malformed("cut", '{"messages":[' + compact(message()), path=BULK)
    malformed("two bulks", '{"messages":[]}{"messages":[]}', path=BULK)
    malformed("a wrong content among right ones", '{"messages":[%s,{"content":"\\ud800"}]}' % compact(message()), path=BULK)
    for count in (1, 2, 999, 1000):
        post(f"{count} messages", around(whole, repeat(good, count, ",")), path=BULK, answer={"accepted": count, "rejected": 0})
    for count in (1001, 5000):
        invalid(f"{count} messages", around(whole, repeat(good, count, ",")), "/messages", path=BULK, words="1,000")
    invalid("1001 that are nothing", around(whole, repeat("null", 1001, ",")), "/messages", path=BULK)
    chat = '{"platform":"telegram","recipient":"{n:100000}"}'

    def crowds(sizes):
        parts = ['{"messages":[']
        for i, size in enumerate(sizes):
            parts += [("," if i else "") + good.split("[")[0] + "[", repeat(chat, size, ","), "]" + good.split("]")[1]]
        return parts + ["]}"]

    post("10,000 recipients", crowds([1000] * 10), path=BULK, answer={"accepted": 10, "rejected": 0})
    invalid("10,001 recipients", crowds([1000] * 10 + [1]), "/messages", path=BULK, words="10,000")
    invalid("11,000 recipients", crowds([1000] * 11), "/messages", path=BULK, words="10,000")
    post("1,001 recipients in one of them", crowds([1, 1001, 2]), 207, path=BULK, answer={"accepted": 2, "rejected": 1},
         results=[None, ["/recipients"], None])

    def mixed(name, messages, results):
        refused = sum(r is not None for r in results)
        post(name, {"messages": messages}, 207 if refused else 202, path=BULK, results=results,
             answer={"accepted": len(results) - refused, "rejected": refused})

    right = message(scheduled_at="{time:%d}" % DAY)
    mixed("all right", [right, right, right], [None, None, None])
    mixed("the first wrong", [message(content=""), right], [["/content"], None])
    mixed("the last wrong", [right, message(content="")], [None, ["/content"]])
    mixed("all wrong", [message(content=""), {}, 1], [["/content"], ["/content", "/recipients"], [""]])
    mixed("one that is wrong", [{}], [["/content", "/recipients"]])
    for value in (None, 1, True, "a", [], 1.5, [right]):
        mixed(f"one is {value!r}"[:40], [right, value], [None, [""]])
    mixed("wrong in many ways", [right, {"content": 1, "recipients": [{"platform": "sms", "recipient": "1"}], "subject": "\n", "x/y": 1}],
          [None, ["/content", "/recipients/0/recipient", "/subject", "/x~1y"]])
    mixed("scheduled too far", [message(scheduled_at="{time:%d}" % (367 * DAY)), right], [["/scheduled_at"], None])
    mixed("a bulk in a bulk", [{"messages": [right]}, right], [["/content", "/recipients", "/messages"], None])
    wrong = around(whole, repeat("{}", 1000, ","))
    post("1,000 that are wrong", wrong, 207, path=BULK, answer={"accepted": 0, "rejected": 1000})
    post("1,000 with one fault each", around(whole, repeat(compact(message(content="")), 1000, ",")), 207, path=BULK,
         answer={"accepted": 0, "rejected": 1000})
    # The answer tells of every message, and stays an answer however much there is to tell.
    names = ",".join('"%02d%s":0' % (i, "\x7f" * 62) for i in range(100))
    post("1,000 with a hundred faults each, of names that grow when escaped",
         around(whole, repeat("{%s}" % names, 1000, ",")), 207, path=BULK, answer={"accepted": 0, "rejected": 1000})


# ---- round trips --------------------------------------------------------------------------------

def encoded(text):
    return base64.b64encode(text.encode("utf-8")).decode()


def round_trips():
    file("round-trips")

    def trip(name, text, members=("content", "subject", "html"), long=None):
        for escaped in (False, True):
            if long is not None and escaped:
                continue
            spelled = json.dumps(text, ensure_ascii=escaped)
            body = compact(message(**{m: f"PLACE{i}" for i, m in enumerate(members)}))
            for i, _ in enumerate(members):
                body = body.replace(f'"PLACE{i}"', spelled)
            post(name + (", escaped" if escaped else ""), body.encode("utf-8"), echo={m: encoded(text) for m in members})

    for plane in range(17):
        first = plane << 16
        some = [first + low for low in (0x0020, 0x00a0, 0x0300, 0x1000, 0x4e00, 0x8000, 0xa000, 0xabcd, 0xe000, 0xf900,
                                        0xfdd0, 0xfffd, 0xfffe, 0xffff)]
        trip(f"plane {plane}", "".join(map(chr, some)))
    trip("C0 controls", "".join(map(chr, range(1, 32))), ("content", "html"))
    trip("DEL and C1 controls", "".join(map(chr, range(0x7f, 0xa0))), ("content", "html"))
    trip("line ends", "a\nb\r\nc\rd\u0085e\u2028f\u2029g", ("content", "html"))
    trip("next line and separators", "a\u2028b\u2029c")
    trip("right to left", "\u0627\u0644\u0633\u0644\u0627\u0645 \u05e9\u05dc\u05d5\u05dd \u202eabc\u202c \u2067x\u2069 \u200fy\u200e")
    trip("zero width", "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u034fh\u180ei")
    trip("a mark of order first", "\ufeffa")
    trip("combining", "e\u0301 \u00e9 \u1100\u1161\u11a8 a" + "\u0300" * 200)
    trip("emoji", "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd \u2764\ufe0f")
    trip("what others escape", "<b>&amp;\"quoted\" 'single' \\back\\slash /slash/ %00 %s %n ${x} {{x}} `x` $(x) -- ; DROP TABLE messages;")
    trip("what looks like ours", "{time:0} {id:own} {key:user} {n:1} \\N NULL null {} [] {\"a\",NULL}".replace("{", "{ "))
    trip("array syntax of the database", '{NULL,"a\\"b",\\\\x41,{1,2}} \\N \\. \t', ("content", "html"))
    trip("backslashes", "\\" * 101 + '"' * 101)
    trip("blanks around", "  a  \t ", ("content", "html"))
    trip("only blanks", "   ")
    trip("no break at the end", "a\n", ("content", "html"))
    trip("the first of each length", "\u0001\u0080\u0800\U00010000", ("content", "html"))
    trip("the last of each length", "\u007f\u07ff\uffff\U0010ffff", ("content", "html"))
    trip("around the surrogates", "\ud7ff\ue000")
    trip("a subject of 998 bytes", "\u00e9" * 499)
    for unit, name in (("x", "1"), ("\u00e9", "2"), ("\u20ac", "3"), ("\U0001f600", "4")):
        size = len(unit.encode())
        text = unit * (65536 // size) + "x" * (65536 % size)
        trip(f"65,536 bytes, {name} each", text, ("content",), long=True)
    trip("65,536 bytes of controls", "\x01" * 65536, ("content",), long=True)
    trip("65,536 bytes of quotes", '"\\' * 32768, ("content",), long=True)


# ---- headers ------------------------------------------------------------------------------------

def headers():
    file("headers")
    body = compact(message())

    def key(name, value, status=202, **more):
        # A key is a caller's own, on whatever path: each is used once.
        for path, text, own in ((MESSAGES, body, value), (BULK, '{"messages":[%s]}' % body, value.swapcase())):
            post(f"Idempotency-Key {name}, {path}", text, status, path=path, headers={"Idempotency-Key": own},
                 code="invalid_parameter" if status == 400 else None, **more)

    key("of 1 character", "k")
    key("of a blank inside", "a b")
    key("of all printable characters", "".join(map(chr, range(0x21, 0x7f))))
    key("of 254 characters", "a" * 254)
    key("of 255 characters", "b" * 255)
    key("of 256 characters", "c" * 256, 400)
    key("of 257 characters", "d" * 257, 400)
    key("of 4,000 characters", "e" * 4000, 400)
    key("empty", "", 400, direct=True)
    key("of a UUID", "0190f8a0-0000-7000-8000-000000000000")
    key("quoted", '"quoted"')
    for text in ("\u00e9", "k\u00e9y", "\u20ac", "\U0001f600", "k\u00a0", "\u200bk"):
        key(f"not ASCII: {text!r}", text, 400)
    for code in list(range(1, 32)) + [127]:
        if code != 9:
            key(f"with the control {code}", f"a{chr(code)}b", 400, **({"direct": True} if code in (10, 13) else {"front": 400}))
    key("with a tab", "a\tb", 400)

    file("keys")
    for value, name in (("Bearer {key:user}", "Bearer"), ("bearer {key:user}", "bearer"), ("BEARER {key:user}", "BEARER"),
                        ("Bearer  {key:user}", "Bearer, two blanks")):
        row(f"Authorization taken: {name}", "GET", MESSAGES, 200, "none", headers={"Authorization": value})
    for value in ("Basic dXNlcjpwYXNz", "Digest username=\"a\"", "Token {key:user}", "{key:user}", "Bearer{key:user}", "Bearer",
                  "ApiKey {key:user}", "Bearer:{key:user}", "Bear {key:user}", "Bearers {key:user}", "\"Bearer {key:user}\""):
        row(f"Authorization: {value}", "GET", MESSAGES, 401, "none", headers={"Authorization": value}, code="missing_api_key")
    for value in ("Bearer x", "Bearer {key:user}x", "Bearer {key:user} x", "Bearer {key:user},{key:user}", "Bearer {key:revoked}",
                  "Bearer {key:wrong}", "Bearer null", "Bearer \"{key:user}\"", "Bearer nsk_", "Bearer {key:user};", "Bearer ,{key:user}", "Bearer =={key:user}"):
        row(f"Authorization: {value}", "GET", MESSAGES, 401, "none", headers={"Authorization": value}, code="invalid_api_key")
    for value in ("x", "nsk_", "nsk_x", "{key:user}x", "{key:user;cut=1}", "{key:user;upper}", "x{key:user}", "{key:user;flip=10}",
                  "{key:user;flip=43}", "{key:user;flip=0}", "{key:user},{key:user}", "{key:user} {key:user}", "Bearer {key:user}",
                  "nsk_" + "A" * 40, "nsk_" + "0" * 40, "nsk_" + "A" * 39, "nsk_" + "A" * 41, "nsk_" + "A" * 4000, "NSK_" + "A" * 40,
                  "nsk-" + "A" * 40, "nsk_" + "A" * 39 + "\u00e9", "nsk_" + "-" * 40, "nsk_' OR '1'='1" + "A" * 27, "null", "undefined",
                  "{key:user}%00", "%6Esk_" + "A" * 40, "*", "0"):
        row(f"X-API-Key: {value[:60]}", "GET", MESSAGES, 401, "none", headers={"X-API-Key": value}, code="invalid_api_key")
    row("X-API-Key: empty", "GET", MESSAGES, 401, "none", headers={"X-API-Key": ""}, code="missing_api_key")
    row("X-API-Key: empty, at the socket", "GET", MESSAGES, 401, "none", headers={"X-API-Key": ""}, code="missing_api_key", direct=True)
    row("X-API-Key: empty, Authorization: right", "GET", MESSAGES, 200, "none",
        headers={"X-API-Key": "", "Authorization": "Bearer {key:user}"}, direct=True)
    row("X-API-Key: wrong, Authorization: right", "GET", MESSAGES, 401, "none",
        headers={"X-API-Key": "x", "Authorization": "Bearer {key:user}"}, code="invalid_api_key")
    row("X-API-Key: right, Authorization: wrong", "GET", MESSAGES, 200, headers={"Authorization": "Bearer x"})
    row("X-API-Key: right, Authorization: Basic", "GET", MESSAGES, 200, headers={"Authorization": "Basic x"})
    row("key in the query", "GET", MESSAGES + "?api_key={key:user}", 401, "none", code="missing_api_key")
    row("key in a cookie", "GET", MESSAGES, 401, "none", headers={"Cookie": "X-API-Key={key:user}"}, code="missing_api_key")
    row("a control in X-API-Key", "GET", MESSAGES, 401, "none", headers={"X-API-Key": "{key:user}\x01"}, code="invalid_api_key", front=400)
    calls = (("POST", MESSAGES), ("POST", BULK), ("GET", MESSAGES), ("GET", MESSAGES + "/{id:own}"), ("DELETE", MESSAGES + "/{id:own}"),
             ("GET", MESSAGES + "/{id:own}/recipients"), ("GET", MESSAGES + "/{id:own}/events"), ("HEAD", MESSAGES))
    for method, path in calls:
        for who, status, code in (("none", 401, "missing_api_key"), ("wrong", 401, "invalid_api_key"), ("revoked", 401, "invalid_api_key"),
                                  ("disabled", 403, "account_disabled")):
            if method == "POST":
                post(f"{method} {path} by {who}", body, status, path=path, key=who, code=code)
                post(f"{method} {path} by {who}, no JSON", "{", status, path=path, key=who, code=code)
            else:
                row(f"{method} {path} by {who}", method, path, status, who, code=code)

    file("request-ids")
    for text in ("x", "0", "a b", "req-1", "0190f8a0-0000-7000-8000-000000000000", "".join(map(chr, range(0x21, 0x7f))), "i" * 127,
                 "i" * 128, "<script>alert(1)</script>", "\"quoted\"", "a\\b", "%0d%0a", "{}", "a,b"):
        row(f"X-Request-Id kept: {text[:40]} ({len(text)})", "GET", "/health", 200, "none", headers={"X-Request-Id": text}, request_id=text)
        row(f"X-Request-Id kept in a problem: {text[:40]} ({len(text)})", "GET", "/nowhere", 404, "none", headers={"X-Request-Id": text},
            request_id=text, code="not_found")
    for text in ("i" * 129, "i" * 1000, "\u00e9", "a\u00e9", "\U0001f600", "a\tb"):
        row(f"X-Request-Id replaced: {text[:40]!r} ({len(text)})", "GET", "/health", 200, "none", headers={"X-Request-Id": text}, request_id="made")
        row(f"X-Request-Id replaced in a problem: {text[:40]!r} ({len(text)})", "GET", "/nowhere", 404, "none", headers={"X-Request-Id": text},
            request_id="made", code="not_found")
    row("X-Request-Id empty", "GET", "/health", 200, "none", headers={"X-Request-Id": ""}, request_id="made")
    row("X-Request-Id not given", "GET", "/health", 200, "none", request_id="made")
    for code in list(range(1, 32)) + [127]:
        if code in (9, 10, 13):
            continue
        row(f"X-Request-Id with the control {code}", "GET", "/nowhere", 404, "none", headers={"X-Request-Id": f"a{chr(code)}b"},
            request_id="made", code="not_found", front=400)
    for text in ("a\r\nX-Evil: 1", "a\nb", "a\rb"):
        row(f"X-Request-Id with a line break: {text!r}", "GET", "/nowhere", 404, "none", headers={"X-Request-Id": text},
            request_id="made", code="not_found", direct=True)

    file("bodies")
    bodies = ((MESSAGES, body), (BULK, '{"messages":[%s]}' % body))
    good = ("application/json", "APPLICATION/JSON", "Application/Json", "application/json; charset=utf-8", "application/json;charset=utf-8",
            "application/json ;charset=UTF-8", "application/json\t; charset=utf-8", 'application/json; charset="utf-8"', "application/json;", "application/json; a=b")
    bad = ("text/plain", "text/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml", "text/html",
           "application/octet-stream", "application/jsonx", "application/json5", "application/x-json", "application/problem+json",
           "application/ld+json", "application/vnd.api+json", "application", "json", "/json", "application/", "*/*", "application/*",
           "application/json/x", "xapplication/json", "text/plain; a=application/json", "application/json+xml", "application/x-ndjson",
           "application/json-seq", "application/json, text/plain", "application/cbor", "x", "null", "image/png")
    for path, text in bodies:
        for value in good:
            post(f"Content-Type {value!r}, {path}", text, path=path, headers={"Content-Type": value})
        for value in bad:
            post(f"Content-Type {value!r}, {path}", text, 415, path=path, headers={"Content-Type": value}, code="unsupported_media_type")
            post(f"Content-Type {value!r} and no JSON, {path}", "{", 415, path=path, headers={"Content-Type": value}, code="unsupported_media_type")
        for value in ("identity", "Identity"):
            post(f"Content-Encoding {value}, {path}", text, path=path, headers={"Content-Encoding": value})
        for value in ("gzip", "GZIP", "x-gzip", "deflate", "br", "zstd", "compress", "gzip, identity", "identity, gzip", "gzip, gzip", "foo", "*",
                      "aws-chunked"):
            post(f"Content-Encoding {value}, {path}", text, 415, path=path, headers={"Content-Encoding": value}, code="unsupported_media_type")
        post(f"a gzip body, {path}", base64.b64decode("H4sIAAAAAAAC/6tWSs7PK0nNK1GyUkpUqgUAx5rjmBEAAAA="), 415, path=path,
             headers={"Content-Encoding": "gzip"}, code="unsupported_media_type")
        for value in ("abc", "-1", "+5", "1.5", "0x10", "1e3", " 5", "5 ", "5,5", "99999999999999999999"):
            post(f"Content-Length {value!r}, {path}", text, 400, path=path, headers={"Content-Length": value}, code="invalid_parameter", direct=True)
        post(f"a body shorter than its Content-Length, {path}", text, 400, path=path, headers={"Content-Length": "1000"}, code="invalid_parameter",
             direct=True)
        post(f"a body cut by its Content-Length, {path}", text, 400, path=path, headers={"Content-Length": "10"}, code="malformed_json", direct=True)
        post(f"Content-Length 0, {path}", text, 400, path=path, headers={"Content-Length": "0"}, code="malformed_json", direct=True)
        post(f"Content-Length above the limit, {path}", "", 413, path=path, headers={"Content-Length": "8388609"}, code="body_too_large", direct=True)
        post(f"in chunks, {path}", text, path=path, headers={"Transfer-Encoding": "chunked"})
        malformed(f"no JSON in chunks, {path}", "{", path=path, headers={"Transfer-Encoding": "chunked"})
        malformed(f"8,388,608 bytes, {path}", [repeat(" ", 8388608)], path=path)
        post(f"8,388,609 bytes, {path}", [repeat(" ", 8388609)], 413, path=path, code="body_too_large")
    for value in ("de", "en", "*", "xx;q=9"):
        invalid(f"Accept-Language {value} changes nothing", message(content=""), "/content", headers={"Accept-Language": value},
                words="65,536")
    for value in ("text/html", "application/xml", "*/*;q=0", "x"):
        row(f"Accept {value} changes nothing", "GET", MESSAGES + "/{id:unknown}", 404, headers={"Accept": value}, code="not_found")
    row("a body that is not asked for", "GET", MESSAGES, 200, body="{", headers={"Content-Type": "application/json"},
        front=400)
    row("a body with DELETE", "DELETE", MESSAGES + "/{id:unknown}", 404, body="{}", code="not_found")


# ---- lists --------------------------------------------------------------------------------------

LISTS = {"list": MESSAGES, "recipients": MESSAGES + "/{id:crowd}/recipients", "events": MESSAGES + "/{id:crowd}/events"}


def quoted(text):
    return urllib.parse.quote(text, safe="")


def lists():
    file("lists")

    def refused(name, path, *pointers, **more):
        row(name, "GET", path, 400, code="invalid_parameter", pointers=list(pointers) or None, **more)

    for what, path in LISTS.items():
        for text in ("1", "2", "20", "99", "100"):
            row(f"{what}: limit {text}", "GET", f"{path}?limit={text}", 200)
        for text in ("0", "-1", "101", "1000", "4294967297", "9" * 100, "", " ", "abc", "1a", "a1", "1.0", "1.5", "1e1", "0x10", "+5", " 5", "5 ",
                     "5,6", "null", "true", "[]", "NaN", "\u0665", "\uff15", "5\n"):
            refused(f"{what}: limit {text[:20]!r}", f"{path}?limit={quoted(text)}", "?limit", **({"front": 400} if "\n" in text else {}))
        refused(f"{what}: limit without a value", f"{path}?limit", "?limit")
        refused(f"{what}: limit twice", f"{path}?limit=5&limit=6", "?limit")
        refused(f"{what}: limit twice, the same", f"{path}?limit=5&limit=5", "?limit")
        refused(f"{what}: limit twice, escaped once", f"{path}?limit=5&l%69mit=5", "?limit")
        for name in ("Limit", "LIMIT", "limits", "limit[]", "page", "offset", "sort", "order", "q", "id", "api_key", "foo", "\u00e9", "a b", "' OR 1=1"):
            refused(f"{what}: unknown {name!r}", f"{path}?{quoted(name)}=1", "?" + name)
        refused(f"{what}: a value without a name", f"{path}?=1", "?")
        refused(f"{what}: two unknown, one wrong", f"{path}?foo=1&bar=2&limit=0", "?foo", "?bar", "?limit")
        row(f"{what}: empty parts", "GET", f"{path}?&&limit=5&&", 200)
        row(f"{what}: an empty query", "GET", f"{path}?", 200)
        row(f"{what}: an escaped name", "GET", f"{path}?l%69mit=5", 200)
        for text in ("%", "%4", "%zz", "%g0", "%%", "%u0041", "5%", "%-1"):
            refused(f"{what}: a broken escape {text}", f"{path}?limit={text}")
            refused(f"{what}: a broken escape in a name {text}", f"{path}?x{text}=1")
        refused(f"{what}: an escaped NUL", f"{path}?limit=5%00", front=400)
        refused(f"{what}: 33 parameters", path + "?" + "&".join(f"p{i}=1" for i in range(33)))
        refused(f"{what}: a long unknown one", f"{path}?{'x' * 64}=1", "?" + "x" * 64)
        for raw in ("%ff", "%c3", "%c0%af", "%ed%a0%80", "%f4%90%80%80"):
            refused(f"{what}: not UTF-8 {raw}", f"{path}?foo={raw}", "?", front=400)
        for other in {"list": (), "recipients": ("recipient", "user_id", "created_after", "created_before"),
                      "events": ("recipient", "user_id", "created_after", "created_before", "status", "platform")}[what]:
            refused(f"{what}: {other} belongs to another list", f"{path}?{other}=1", "?" + other)
    states = {"list": ("scheduled", "pending", "queued", "sending", "completed", "failed", "cancelled", "expired"),
              "recipients": ("pending", "queued", "sending", "sent", "delivered", "read", "failed", "cancelled", "expired")}
    for what, good in states.items():
        path = LISTS[what]
        for text in good:
            row(f"{what}: status {text}", "GET", f"{path}?status={text}", 200)
        for text in sorted({"", " ", "Pending", "PENDING", "pending ", " pending", "pending,failed", "canceled", "done", "none", "*", "0", "null",
                            "accepted", "p\u0435nding", "x" * 1000} | {s for other in states.values() for s in other if s not in good}):
            refused(f"{what}: status {text[:20]!r}", f"{path}?status={quoted(text)}", "?status")
        refused(f"{what}: status twice", f"{path}?status=failed&status=sending", "?status")
        for text in ("sms", "email", "whatsapp", "telegram"):
            row(f"{what}: platform {text}", "GET", f"{path}?platform={text}", 200)
        for text in ("", "SMS", "sms ", "sms,email", "fax", "mock", "*", "0", "x" * 1000):
            refused(f"{what}: platform {text[:20]!r}", f"{path}?platform={quoted(text)}", "?platform")
        refused(f"{what}: platform twice", f"{path}?platform=sms&platform=email", "?platform")
    for name in ("created_after", "created_before"):
        for text in BAD_TIMES:
            refused(f"{name} {text[:40]!r}", f"{MESSAGES}?{name}={quoted(text)}", "?" + name, **({"front": 400} if "\n" in text else {}))
        for text in GOOD_PAST_TIMES:
            row(f"{name} {text!r}", "GET", f"{MESSAGES}?{name}={quoted(text)}", 200)
        refused(f"{name}: a plus that is a blank", f"{MESSAGES}?{name}=2020-01-01T00:00:00+01:00", "?" + name)
        refused(f"{name} twice", f"{MESSAGES}?{name}=2020-01-01T00:00:00Z&{name}=2020-01-01T00:00:00Z", "?" + name)
    refused("all wrong at once", MESSAGES + "?status=x&platform=y&created_after=z&created_before=z&limit=0&cursor=x&foo=1",
            "?status", "?platform", "?created_after", "?created_before", "?limit", "?cursor", "?foo")
    row("after the last and before the first", "GET", MESSAGES + "?created_after=9999-12-31T23:59:59Z&created_before=1970-01-01T00:00:00Z", 200,
        answer={"data": [], "next_cursor": None})
    for text in ("'", "\"", "\\", "%", "_", "' OR '1'='1", "$1", "{}", "\u00e9", "\U0001f600", "x" * 1000, ";", "--", "a\tb".replace("\t", " ")):
        row(f"recipient {text[:20]!r} of nobody", "GET", f"{MESSAGES}?recipient={quoted(text)}", 200, answer={"data": [], "next_cursor": None})
    refused("recipient twice", MESSAGES + "?recipient=1&recipient=2", "?recipient")
    for value in ("{id:user}", "{id:other}", "{id:unknown}", "x", "", "null"):
        row(f"user_id {value} by a user", "GET", f"{MESSAGES}?user_id={value}", 403, code="forbidden")
    row("user_id by a user, and wrong ones", "GET", f"{MESSAGES}?user_id={{id:other}}&limit=0", 403, code="forbidden")
    for value in ("{id:user}", "{id:other}", "{id:unknown}", "{id:user;upper}"):
        row(f"user_id {value} by an admin", "GET", f"{MESSAGES}?user_id={value}", 200, "admin")
    for value in ("", "x", "0", "{id:user;cut=1}", "{id:user}x", "%7B{id:user}%7D", "user%40example.com", "'", "null"):
        refused(f"user_id {value!r} by an admin", f"{MESSAGES}?user_id={value}", "?user_id", key="admin")
    refused("user_id twice by an admin", f"{MESSAGES}?user_id={{id:user}}&user_id={{id:user}}", "?user_id", key="admin")


def cursors():
    file("cursors")
    for what, path in LISTS.items():
        mine = "{cursor:%s}" % what
        row(f"{what}: as it came", "GET", f"{path}?limit=1&cursor={mine}", 200)
        row(f"{what}: with another limit", "GET", f"{path}?limit=7&cursor={mine}", 200)
        row(f"{what}: before the limit", "GET", f"{path}?cursor={mine}&limit=1", 200)
        texts = ["", "0", "1", "-1", "a", "null", "undefined", "AAAA", "AAAAAAAAAAAA", "A" * 60, "A" * 64, "A" * 160, "A" * 161, "A" * 5000, "eyJhIjoxfQ",
                 "e30=", "%2B%2B%2B%2B", "////", "====", "%20", "'", "..", "{id:unknown}", "{id:own}", "5", "100", "\u00e9".encode().hex()]
        texts += [mine.replace("}", f";cut={n}}}") for n in (1, 2, 3, 4, 5, 10)]
        texts += [mine.replace("}", f";keep={n}}}") for n in (1, 2, 4, 12, 13)]
        texts += [mine.replace("}", f";flip={n}}}") for n in (0, 1, 5, 11, 12, 13)]
        texts += [mine.replace("}", ";fliplast}"), mine.replace("}", ";upper}"), mine.replace("}", ";lower}"), mine + mine, mine + "A", mine + "AA", mine + "=",
                  mine + "==", mine + "%3D", mine + "%20", mine + "-", "A" + mine, "%20" + mine, mine + "." + mine, mine + ",", mine + "%2B"]
        for i, text in enumerate(texts):
            row(f"{what}: {i} {text[:50]}", "GET", f"{path}?limit=1&cursor={text}", 400, code="invalid_parameter", pointers=["?cursor"])
        row(f"{what}: without a value", "GET", f"{path}?cursor", 400, code="invalid_parameter", pointers=["?cursor"])
        row(f"{what}: twice", "GET", f"{path}?cursor={mine}&cursor={mine}", 400, code="invalid_parameter", pointers=["?cursor"])
        row(f"{what}: a control", "GET", f"{path}?cursor={mine}%01", 400, code="invalid_parameter", pointers=["?cursor"], front=400)
        for other in LISTS:
            if other != what:
                row(f"{what}: that of {other}", "GET", f"{path}?limit=1&cursor={{cursor:{other}}}", 400, code="invalid_parameter", pointers=["?cursor"])
    for text in ("status=pending", "platform=telegram", "recipient=4711", "created_after=2020-01-01T00:00:00Z", "created_before=2030-01-01T00:00:00Z"):
        row(f"list: with {text} added", "GET", f"{MESSAGES}?{text}&cursor={{cursor:list}}", 400, code="invalid_parameter", pointers=["?cursor"])
    row("list: with the same filter", "GET", f"{MESSAGES}?platform=telegram&cursor={{cursor:filtered}}", 200)
    row("list: with its filter left out", "GET", f"{MESSAGES}?cursor={{cursor:filtered}}", 400, code="invalid_parameter", pointers=["?cursor"])
    row("list: with another filter", "GET", f"{MESSAGES}?platform=sms&cursor={{cursor:filtered}}", 400, code="invalid_parameter", pointers=["?cursor"])
    row("list: with a filter more", "GET", f"{MESSAGES}?platform=telegram&status=failed&cursor={{cursor:filtered}}", 400, code="invalid_parameter",
        pointers=["?cursor"])
    for text in ("status=pending", "platform=telegram"):
        row(f"recipients: with {text} added", "GET", f"{LISTS['recipients']}?{text}&cursor={{cursor:recipients}}", 400, code="invalid_parameter",
            pointers=["?cursor"])
    for what in ("recipients", "events"):
        row(f"{what}: of another message", "GET", f"{MESSAGES}/{{id:own}}/{what}?cursor={{cursor:{what}}}", 400, code="invalid_parameter", pointers=["?cursor"])
        row(f"{what}: of an unknown message", "GET", f"{MESSAGES}/{{id:unknown}}/{what}?cursor={{cursor:{what}}}", 400, code="invalid_parameter",
            pointers=["?cursor"])


# ---- ids, methods, paths ------------------------------------------------------------------------

def ids():
    file("ids")
    wrong = ["{id:unknown}", "{id:foreign}", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff",
             "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "{id:own;cut=1}", "{id:own}0", "{id:own}.0", "{id:own}.", "%7B{id:own}%7D", "urn:uuid:{id:own}",
             "{id:own;flip=35}", "{id:own}%20", "%20{id:own}", "{id:own},{id:own}", "0190f8a0000070008000000000000000", "g190f8a0-0000-7000-8000-000000000000",
             "0190f8a0_0000_7000_8000_000000000000", "0", "1", "-1", "1.5", "null", "undefined", "NaN", "true", "x", "'", "%27%20OR%201=1--", "$1", "*", "~", "{}",
             "[]", "%25", "%C3%A9", "%F0%9F%98%80", "a" * 1000, "({id:own})", "{id:own};x=1", "{id:own}:", "recipients", "events"]
    for text in wrong:
        for method, tail in (("GET", ""), ("DELETE", ""), ("GET", "/recipients"), ("GET", "/events"), ("HEAD", "")):
            row(f"{method} {text[:50]}{tail}", method, f"{MESSAGES}/{text}{tail}", 404, code="not_found")
    for tail in ("", "/recipients", "/events"):
        row(f"an own id{tail}", "GET", f"{MESSAGES}/{{id:own}}{tail}", 200)
        row(f"an own id in capitals{tail}", "GET", f"{MESSAGES}/{{id:own;upper}}{tail}", 200)
        row(f"an own id, escaped{tail}", "GET", f"{MESSAGES}/%30{{id:own;from=1}}{tail}", 200)
        row(f"another's id by an admin{tail}", "GET", f"{MESSAGES}/{{id:foreign}}{tail}", 200, "admin")
    row("cancel one that is not scheduled", "DELETE", f"{MESSAGES}/{{id:own}}", 409, code="not_cancellable")
    row("cancel one that is not scheduled, in capitals", "DELETE", f"{MESSAGES}/{{id:own;upper}}", 409, code="not_cancellable")
    row("cancel one that is cancelled", "DELETE", f"{MESSAGES}/{{id:cancelled}}", 409, code="not_cancellable", words="is cancelled")


ROUTES = {
    MESSAGES: "POST GET", BULK: "POST", MESSAGES + "/{id:own}": "GET DELETE", MESSAGES + "/{id:own}/recipients": "GET",
    MESSAGES + "/{id:own}/events": "GET", "/webhooks/twilio": "POST", "/health": "GET", "/ready": "GET", "/version": "GET", "/openapi.yaml": "GET",
}


def methods():
    file("methods")
    for path, text in ROUTES.items():
        known = text.split()
        allow = sorted(known + ["OPTIONS"] + (["HEAD"] if "GET" in known else []))
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND", "LOCK", "REPORT"):
            if method not in allow:
                for who in ("user", "none"):
                    row(f"{method} {path} by {who}", method, path, 405, who, code="method_not_allowed", allow=allow)
        row(f"OPTIONS {path}", "OPTIONS", path, 204, "none", allow=allow)
        if "GET" in known:
            row(f"HEAD {path}", "HEAD", path, 200)
        for method in ("get", "Get", "FOO", "G", "GETX", "PURGE", "BREW"):
            row(f"{method} {path}", method, path, 405, code="method_not_allowed", allow=allow, front=501)
    for method in ("GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD", "PATCH"):
        row(f"{method} nowhere", method, "/nowhere", 404, code="not_found")
    row("an empty method", "", MESSAGES, 405, code="method_not_allowed", direct=True)
    row("a long method", "X" * 5000, MESSAGES, 405, code="method_not_allowed", direct=True)


def paths():
    file("paths")

    def nowhere(path, **more):
        row(f"{path[:60]!r} ({len(path)})", "GET", path, 404, code="not_found", **more)

    for path in ("/", "/api", "/api/", "/api/v1", "/api/v1/", "/api/v2/messages", "/api/v1/message", "/api/v1/messagesx", "/api/v1/messages/",
                 "/API/v1/messages", "/api/v1/Messages", "/api/V1/messages", "//api/v1/messages", "/api//v1/messages", "/api/v1//messages",
                 "/api/v1/messages//", "///", "/./api/v1/messages", "/api/./v1/messages", "/api/v1/messages/.", "/api/v1/messages/..",
                 "/api/v1/../v1/messages", "/x/../api/v1/messages", "/../api/v1/messages", "/..", "/.", "/../../../etc/passwd", "/api/v1/messages/../../health",
                 "/%2e/health", "/%2e%2e/health", "/.%2e/health", "/%2E%2E/health", "/api/%2e%2e/health", "/%252e%252e/health", "/api%2fv1%2fmessages",
                 "/api/v1%2fmessages", "/api/v1%2Fmessages", "/%2fhealth", "/health%2f", "/api%5cv1%5cmessages", "/api\\v1\\messages", "/health%5c",
                 "/health%20", "/health+", "/%20health", "/health%", "/health%4", "/health%zz", "/health%%", "/%", "/%u0068ealth", "/health%2", "/health;x=1",
                 "/health/", "/health/x", "/health.json", "/healthz", "/ready/", "/version/1", "/openapi.json", "/openapi.yml", "/openapi.yaml/", "/favicon.ico",
                 "/robots.txt", "/.env", "/.git/config", "/index.php", "/cgi-bin/x", "/webhooks", "/webhooks/", "/webhooks/x", "/webhooks/twilio/",
                 "/webhooks/Twilio", "/api/v1/messages/bulk/", "/api/v1/messages/bulk/x", "/api/v1/messages//recipients", "/api/v1/messages//events",
                 "/api/v1/messages/{id:own}/", "/api/v1/messages/{id:own}//recipients", "/api/v1/messages/{id:own}/recipients/",
                 "/api/v1/messages/{id:own}/recipients/0", "/api/v1/messages/{id:own}/Recipients", "/api/v1/messages/{id:own}/x",
                 "/api/v1/messages/{id:own}%2frecipients", "/api/v1/messages/{id:own}/../{id:own}", "/api/v1/messages/{id:own}/%2e%2e/bulk",
                 "/caf%C3%A9", "/%E2%82%AC", "/%F0%9F%98%80", "/%E2%80%AE", "/api/v1/messages/{id:own}/events/../recipients", "/null", "/*", "/'", "/$1", "/{id}",
                 "/api/v1/messages%3flimit=1", "/api/v1/messages%23", "/api/v1/messages&limit=1", "/~", "/...", "/api/.../messages", "/.health",
                 "/%80", "/%ed%a0%80", "/caf%e9", "/%f4%90%80%80", "/api/v1/messages/%c3"):
        nowhere(path)
    for path in ("/%00", "/health%00", "/api/v1/messages%00", "/api/v1/messages/%00", "/api/v1/messages/{id:own}%00", "/health%0a", "/health%0d%0a", "/health%09",
                 "/%01", "/health%1f", "/health%7f", "/%c0%ae%c0%ae/health", "/%c0%af", "/health%ff", "/%fe%ff"):
        nowhere(path, front=400)
    nowhere("/" + "a" * 2047)
    nowhere("/" + "a" * 2048)
    nowhere("/health" + "/" * 2041)
    nowhere("/" + "a/" * 2000)
    nowhere("/" + "%61" * 600)
    nowhere("/" + "a" * 100000, direct=True)
    for path in ("", "x", "api/v1/messages", "*", "?", "health", "/health\n", "/health\t", " /health", "/health\x01"):
        nowhere(path, direct=True)
    for path in ("/health?", "/health?x", "/health?x=%zz", "/health?a=b", "/%68ealth", "/h%65alth", "/health?/../x", "/health#x",
                 "/health?x=" + "a" * 2000):
        row(f"found: {path[:40]!r}", "GET", path, 200, "none")
    row("found: an absolute form", "GET", "http://notify.example.com/health", 200, "none", direct=True)
    row("found: an absolute form, its query", "GET", "http://notify.example.com/health?a=b", 200, "none", direct=True)
    row("an absolute form without a path", "GET", "http://notify.example.com", 404, "none", code="not_found", direct=True)
    row("an absolute form with dots", "GET", "http://notify.example.com/../health", 404, "none", code="not_found", direct=True)


def main():
    for theme in (json_syntax, json_meaning, members, addresses, times, bulk, round_trips, headers, lists, cursors, ids, methods, paths):
        theme()
    folder = os.path.dirname(os.path.abspath(__file__))
    total = 0
    for name, table in files.items():
        names = [r["name"] for r in table]
        doubled = sorted({n for n in names if names.count(n) > 1})
        if doubled:
            sys.exit(f"{name}: these stand for several rows: {doubled}")
        with open(os.path.join(folder, name + ".jsonl"), "w", encoding="ascii") as out:
            for r in table:
                out.write(json.dumps(r, ensure_ascii=True) + "\n")
        print(f"{len(table):5} {name}")
        total += len(table)
    print(f"{total:5} in all")


main()
