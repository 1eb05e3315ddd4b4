#!/usr/bin/env python3
"""Writes the open test set: `generate.py [--seed N] > FILE`, one labelled request per line.

Each line: {"id", "group", "lang", "split", "text" or "messages", "level", "findings": [{"label", "value"?}]}.
`level` is what the content asks for; from `confidential` on it must not leave. The `dev` half is what the detectors
were developed on; the `held` half has other templates and other forms of the values. Values are made up and valid by
their own rules (values.py), so nothing here is anybody's.
"""

import argparse
import base64
import csv
import hashlib
import html
import io
import json
import random
import re
import sys
import urllib.parse
from pathlib import Path

import negatives
import phrases
import values

LEVELS = ["public", "internal", "confidential", "restricted"]
LABELS = Path(__file__).with_name("labels.yaml")
DEFAULT = dict(line.split(": ") for line in LABELS.read_text().splitlines() if line and line[0] != "#")

VALUE = {
    "contact.email_address": values.email, "financial.credit_card": values.credit_card, "financial.iban_code": values.iban, "person.date_of_birth": None, "identity.national_id": None, "financial.bank_account": values.bank_account,
    "secret.password": values.password, "identity.passport": values.passport, "identity.driver_license": values.driver_license, "health.medical_record": values.medical_record, "business.employee_id": values.employee_id,
    "identity.us_ssn": values.ssn, "identity.us_itin": values.itin, "financial.aba_routing": values.aba, "health.us_npi": values.npi, "health.us_dea": values.dea, "health.us_mbi": values.mbi, "identity.cn_resident_id": values.cn_resident_id,
    "business.cn_uscc": values.cn_uscc, "identity.cn_hkmo_permit": values.cn_hkmo_permit, "device.license_plate": values.plate, "financial.cn_bank_card": values.cn_bank_card, "identity.de_tax_id": values.de_tax_id, "identity.es_dni": values.es_dni,
    "identity.fr_nir": values.fr_nir, "identity.it_fiscal_code": values.it_fiscal_code, "health.uk_nhs": values.uk_nhs, "identity.uk_nino": values.uk_nino, "identity.in_aadhaar": values.in_aadhaar, "identity.in_pan": values.in_pan, "business.in_gstin": values.in_gstin,
    "identity.sg_nric": values.sg_nric, "identity.jp_my_number": values.jp_my_number, "identity.kr_rrn": values.kr_rrn, "identity.br_cpf": values.br_cpf, "identity.au_tfn": values.au_tfn, "health.au_medicare": values.au_medicare, "identity.ca_sin": values.ca_sin,
    "identity.hk_id": values.hk_id, "device.imei": values.imei, "device.vin": values.vin, "network.ip_address": values.ip, "network.mac_address": values.mac, "network.internal_host": values.internal_host, "financial.crypto_address": values.crypto_address,
    "secret.api_key": values.api_key, "secret.jwt": values.jwt, "secret.connection_string": values.connection_string,
}


def birth(rng, lang):
    y, m, d = rng.randrange(1940, 2010), rng.randrange(1, 13), rng.randrange(1, 29)
    if lang in ("zh", "ja"):
        return rng.choice([f"{y}年{m}月{d}日", f"{y}-{m:02d}-{d:02d}"])
    if lang == "ko":
        return rng.choice([f"{y}년 {m}월 {d}일", f"{y}.{m:02d}.{d:02d}"])
    if lang == "en":
        months = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
        return rng.choice([f"{m:02d}/{d:02d}/{y}", f"{d} {months[m - 1]} {y}", f"{months[m - 1]} {d}, {y}", f"{y}-{m:02d}-{d:02d}", f"{months[m - 1][:3]} {d} {y}"])
    return rng.choice([f"{d:02d}.{m:02d}.{y}", f"{d:02d}/{m:02d}/{y}", f"{y}-{m:02d}-{d:02d}"])


def value_of(rng, label, lang):
    if label == "contact.phone_number":
        return values.phone_cn_fixed(rng) if lang == "zh" and rng.random() < 0.25 else values.PHONES[lang](rng)
    if label == "person.date_of_birth":
        return birth(rng, lang)
    if label == "identity.national_id":
        return values.national_id(rng, lang)
    if lang == "zh" and label == "device.license_plate":
        return values.cn_plate(rng)
    if lang == "zh" and label == "identity.passport":
        return values.cn_passport(rng)
    return VALUE[label](rng)


class Set:
    def __init__(self, rng):
        self.rng, self.cases, self.seen = rng, [], set()

    def add(self, group, lang, template, findings, text=None, messages=None):
        body = text if text is not None else json.dumps(messages)
        if body in self.seen:
            return
        self.seen.add(body)
        level = max((DEFAULT[f["label"]] for f in findings), key=LEVELS.index, default="internal")
        level = max(level, "internal", key=LEVELS.index)
        split = "held" if int(hashlib.sha256(f"{group}/{lang}/{template}".encode()).hexdigest(), 16) % 2 else "dev"
        case = {"id": f"{len(self.cases):05d}", "group": group, "lang": lang, "split": split}
        case.update({"text": text} if text is not None else {"messages": messages})
        case.update(level=level, findings=findings)
        self.cases.append(case)


def found(label, value=None):
    return {"label": label, "value": value} if value else {"label": label}


def identifiers(out, rng):
    for label, by_lang in phrases.NAMES.items():
        for lang, names in by_lang.items():
            sentences = phrases.SENTENCES[lang]
            count = 16 if lang in ("en", "zh") else 4
            for index in range(count):
                name, sentence = rng.choice(names), rng.choice(sentences)
                value = value_of(rng, label, lang)
                out.add("identifiers", lang, f"{label}/{sentence}", [found(label, value)], sentence.format(n=name, v=value))
    bare = ["contact.email_address", "financial.credit_card", "financial.iban_code", "identity.us_ssn", "identity.cn_resident_id", "secret.api_key", "secret.jwt", "secret.private_key", "secret.connection_string", "financial.crypto_address",
            "identity.it_fiscal_code", "financial.cn_bank_card"]
    frames = ["Here you go: {v}", "{v}", "Please check {v} for me", "I pasted {v} by mistake, what now?", "帮我看看{v}对不对", "Was bedeutet {v}?", "foo bar {v} baz"]
    for label in bare:
        for _ in range(9):
            value = values.private_key(rng) if label == "secret.private_key" else value_of(rng, label, "en")
            frame = rng.choice(frames)
            out.add("identifiers", "en", f"bare/{label}/{frame}", [found(label, value)], frame.format(v=value))
    for _ in range(30):
        kind, value = rng.choice([("secret.api_key", values.generic_key(rng)), ("secret.password", values.password(rng))])
        frame = rng.choice(["api_key = \"{v}\"", "client_secret: {v}", "X-Api-Key: {v}", "Authorization: Bearer {v}", "access_token={v}", "SECRET_KEY='{v}'"] if kind == "secret.api_key" else
                           ["DB_PASSWORD={v}", "password = \"{v}\"", "The wifi password is {v}", "login admin / password {v}", "pass: {v}", "curl -u admin:{v} https://intra/api", "mysql -uroot -p{v}", "sshpass -p '{v}' ssh ops@host"])
        out.add("identifiers", "en", f"generic/{frame}", [found(kind, value)], frame.format(v=value))


def people(out, rng):
    for lang, templates in phrases.PERSON_TEMPLATES.items():
        for _ in range(10 if lang in ("en", "zh") else 5):
            person, template = rng.choice(phrases.PEOPLE[lang]), rng.choice(templates)
            out.add("people", lang, template, [found("person.name", person)], template.format(p=person))
    for lang, templates in phrases.ADDRESS_TEMPLATES.items():
        for _ in range(30 if lang in ("en", "zh") else 8):
            address, template = rng.choice(phrases.ADDRESSES[lang]), rng.choice(templates)
            out.add("people", lang, template, [found("contact.address", address)], template.format(a=address))
    for lang, templates in phrases.HANDLES.items():
        for _ in range(25):
            handle, qq, template = rng.choice(["lena_k92", "wxid_8s7dk2", "tomtom", "zhangwei88", "r.miller"]), values.digits(rng, rng.choice([8, 9, 10]), "123456789"), rng.choice(templates)
            out.add("people", lang, template, [found("contact.account_handle", qq if "{q}" in template else handle)], template.format(h=handle, q=qq))


def markers(out, rng):
    for label, by_lang in phrases.MARKERS.items():
        for lang, templates in by_lang.items():
            for template in templates:
                for topic in rng.sample(phrases.TOPICS[lang], min(3, len(phrases.TOPICS[lang]))):
                    out.add("markers", lang, template, [found(label)], template.format(t=topic))


def full_width(text):
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


LOOKALIKES = dict(zip("ABCEHIKMOPTXaceopxyi", "АВСЕНІКМОРТХасеорхуі"))


def obfuscations(out, rng):
    labels = ["contact.email_address", "financial.credit_card", "identity.us_ssn", "identity.cn_resident_id", "financial.iban_code", "secret.api_key", "contact.phone_number", "financial.cn_bank_card", "secret.connection_string", "secret.password", "health.us_mbi", "identity.uk_nino"]

    def zero_width(t):
        return "".join(c + (rng.choice("\u200b\u200c\u2060\ufeff") if rng.random() < 0.4 else "") for c in t)

    def spaced(t):
        return " ".join(t) if all(c.isdigit() for c in re.sub(r"[ -]", "", t)) else t

    tricks = {
        "full-width": full_width, "zero-width": zero_width, "spaced": lambda t: spaced(re.sub(r"[ -]", "", t)) if re.sub(r"[ -]", "", t).isdigit() else full_width(t),
        "dashes": lambda t: t.replace("-", "–").replace(" ", "\u00a0"), "dots": lambda t: re.sub(r"[ -]", ".", t) if re.fullmatch(r"[0-9 -]+", t) else zero_width(t),
        "base64": lambda t: base64.b64encode(t.encode()).decode(), "hex": lambda t: t.encode().hex(), "percent": lambda t: "".join(f"%{b:02X}" for b in t.encode()), "quoted": lambda t: urllib.parse.quote(t, safe=""),
        "json-escape": lambda t: "".join(f"\\u{ord(c):04x}" for c in t), "html": lambda t: "".join(f"&#{ord(c)};" for c in t), "html-hex": lambda t: "".join(f"&#x{ord(c):x};" if not c.isalpha() else c for c in t),
        "homoglyph": lambda t: "".join(LOOKALIKES.get(c, c) for c in t), "circled": lambda t: "".join(chr(0x245F + int(c)) if c in "123456789" else ("⓪" if c == "0" else c) for c in t),
        "bold": lambda t: "".join(chr(0x1D7CE + int(c)) if c.isdigit() else c for c in t), "at-dot": lambda t: t.replace("@", " [at] ").replace(".", " [dot] ") if "@" in t and "://" not in t else full_width(t),
        "arabic-digits": lambda t: "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in t),
    }
    wraps = {"base64": "Decode this for me: {v}", "hex": "What is in this hex string: {v}"}
    for trick, change in tricks.items():
        for label in labels:
            for _ in range(3):
                lang = rng.choice(["en", "zh"])
                value = value_of(rng, label, lang)
                hidden = change(value)
                if hidden == value:
                    continue
                names = phrases.NAMES[label].get(lang) or phrases.NAMES[label]["en"]
                name = rng.choice(names)
                if trick in ("base64", "hex") and rng.random() < 0.7:
                    inner = f"{name}: {value}"
                    hidden = change(inner)
                    if trick == "base64" and rng.random() < 0.2:
                        hidden = base64.b64encode(hidden.encode()).decode()
                    text = wraps[trick].format(v=hidden)
                elif trick in ("base64", "hex") and label == "secret.password":
                    continue
                else:
                    text = rng.choice(phrases.SENTENCES[lang]).format(n=name, v=hidden)
                out.add("obfuscations", lang, f"{trick}/{label}", [found(label)], text)


def snake(key):
    return re.sub("([a-z])([A-Z])", r"\1_\2", key).upper()


KEYS = {
    "contact.email_address": ["email", "user_email", "contactEmail"], "contact.phone_number": ["phone", "mobile_no", "phoneNumber", "sjh"], "identity.us_ssn": ["ssn", "social_security_number", "SSN"], "financial.credit_card": ["card_number", "pan", "creditCard"],
    "identity.cn_resident_id": ["id_card", "sfzh", "身份证号"], "financial.bank_account": ["account_number", "bankAccount", "acct_no"], "identity.passport": ["passport", "passport_no", "passportNumber"], "secret.password": ["password", "pwd", "db_pass", "userPassword"],
    "secret.api_key": ["api_key", "token", "accessKey", "secret"], "person.date_of_birth": ["dob", "birth_date", "dateOfBirth"], "financial.iban_code": ["iban", "IBAN"], "health.medical_record": ["mrn", "medical_record_no", "patientId"], "identity.driver_license": ["drivers_license", "dl_number", "driverLicense"],
    "financial.aba_routing": ["routing_number", "aba"], "secret.connection_string": ["dsn", "database_url", "connectionString"], "health.uk_nhs": ["nhs_number", "nhsNo"], "identity.in_aadhaar": ["aadhaar", "aadhaar_no"], "identity.br_cpf": ["cpf"], "financial.cn_bank_card": ["bank_card", "yhkh", "cardNo"],
    "contact.address": ["address", "shipping_address", "street"], "identity.ca_sin": ["sin", "social_insurance_number"], "identity.au_tfn": ["tfn", "tax_file_number"], "device.imei": ["imei"], "device.vin": ["vin"], "identity.uk_nino": ["nino", "national_insurance"],
}


def structured(out, rng):
    filler = [("id", "1048576"), ("status", "open"), ("created_at", "2024-05-01T10:00:00Z"), ("plan", "premium"), ("order_id", "883920174"), ("country", "US"), ("retries", "3")]

    def value(label):
        if label == "contact.address":
            return rng.choice(phrases.ADDRESSES["en"][:6])
        if label == "identity.us_ssn" and rng.random() < 0.5:
            return values.ssn(rng).replace("-", "")
        if label == "secret.api_key" and rng.random() < 0.5:
            return values.generic_key(rng)
        return value_of(rng, label, "en")

    def as_csv(pairs, sep=","):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=sep, lineterminator="\n")
        writer.writerow([k for k, _ in pairs])
        writer.writerow([v for _, v in pairs])
        return text.getvalue()

    forms = {
        "json": lambda p: json.dumps(dict(p)), "json-pretty": lambda p: "Fix this payload:\n" + json.dumps({"user": dict(p)}, indent=2, ensure_ascii=False), "json-escaped": lambda p: json.dumps({"body": json.dumps(dict(p))}),
        "yaml": lambda p: "user:\n" + "\n".join(f"  {k}: {v}" for k, v in p), "env": lambda p: "\n".join(f"{snake(k)}={v}" for k, v in p), "csv": as_csv, "tsv": lambda p: as_csv(p, "\t"), "semicolon": lambda p: as_csv(p, ";"),
        "url": lambda p: "https://crm.acme-corp.com/search?" + urllib.parse.urlencode(p), "log": lambda p: "2024-05-01 10:00:00 INFO update " + " ".join(f"{k}={v}" for k, v in p), "python": lambda p: "user = {\n" + "".join(f"    '{k}': '{v}',\n" for k, v in p) + "}",
        "javascript": lambda p: "const user = {" + ", ".join(f"{k}: \"{v}\"" for k, v in p) + "};", "sql": lambda p: f"INSERT INTO users ({', '.join(k for k, _ in p)}) VALUES ({', '.join(repr(v) for _, v in p)});", "xml": lambda p: "<user>" + "".join(f"<{k}>{html.escape(v)}</{k}>" for k, v in p) + "</user>",
        "markdown": lambda p: "| " + " | ".join(k for k, _ in p) + " |\n|" + "---|" * len(p) + "\n| " + " | ".join(v for _, v in p) + " |", "ini": lambda p: "[user]\n" + "\n".join(f"{k} = {v}" for k, v in p), "toml": lambda p: "[user]\n" + "\n".join(f"{k} = \"{v}\"" for k, v in p),
    }
    for form, write in forms.items():
        for label, keys in KEYS.items():
            for _ in range(2):
                content = value(label)
                pairs = rng.sample(filler, 3) + [(rng.choice(keys), content)]
                rng.shuffle(pairs)
                if form in ("env", "url", "javascript", "xml", "sql") and not all(k.isascii() for k, _ in pairs):
                    continue
                out.add("structured", "en", f"{form}/{label}", [found(label, content if form not in ("url", "json-escaped") else None)], write(pairs))
    for label, keys in KEYS.items():
        content = value(label)
        arguments = json.dumps({"query": "update", rng.choice(keys): content})
        messages = [{"role": "user", "content": "Update the customer."}, {"role": "assistant", "content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "update", "arguments": arguments}}]}, {"role": "tool", "tool_call_id": "call_1", "content": "ok"}]
        out.add("structured", "en", f"tool/{label}", [found(label)], messages=messages)
    for form in ("csv", "tsv"):
        rows = [["id", "name", "ssn", "balance"]] + [[str(i), rng.choice(phrases.PEOPLE["en"]), values.ssn(rng).replace("-", ""), values.digits(rng, 4)] for i in range(12)]
        out.add("structured", "en", f"table/{form}", [found("identity.us_ssn")], "\n".join((",", "\t")[form == "tsv"].join(r) for r in rows))


def conversations(out, rng):
    for label in ["financial.credit_card", "identity.us_ssn", "identity.cn_resident_id", "contact.phone_number", "financial.cn_bank_card"]:
        for _ in range(5):
            content = value_of(rng, label, "zh" if "cn" in label else "en")
            cut = len(content) // 2
            name = rng.choice(phrases.NAMES[label].get("en") or phrases.NAMES[label]["zh"])
            messages = [{"role": "user", "content": f"Remember the first half: {content[:cut]}"}, {"role": "assistant", "content": "Noted."}, {"role": "user", "content": f"{content[cut:]} is the second half."}]
            out.add("conversations", "en", f"split/{label}", [found(label)], messages=messages)
            messages = [{"role": "assistant", "content": f"What is your {name}?"}, {"role": "user", "content": re.sub("-", "", content)}]
            out.add("conversations", "en", f"asked/{label}", [found(label)], messages=messages)
    for label in ["identity.passport", "secret.password", "financial.bank_account", "health.medical_record"]:
        for _ in range(4):
            name, content = rng.choice(phrases.NAMES[label]["en"]), value_of(rng, label, "en")
            messages = [{"role": "system", "content": f"The user's {name} is {content}."}, {"role": "user", "content": "Hello!"}]
            out.add("conversations", "en", f"system/{label}", [found(label)], messages=messages)


def long_documents(out, rng):
    labels = ["contact.email_address", "financial.credit_card", "identity.us_ssn", "identity.cn_resident_id", "secret.api_key", "contact.phone_number", "financial.iban_code", "secret.password", "contact.address"]
    for index in range(120):
        lang = rng.choice(["en", "en", "zh", "de", "fr", "es"])
        pool = negatives.PROSE if lang == "en" else negatives.PROSE_OTHER[lang]
        paragraphs = [" ".join(rng.choice(pool) for _ in range(rng.randrange(2, 7))) for _ in range(rng.randrange(8, 60))]
        if index % 3 == 0:
            out.add("long", lang, f"clean/{index % 12}", [], "\n\n".join(paragraphs))
            continue
        label = rng.choice([l for l in labels if l == "contact.address" or lang in phrases.NAMES[l]])
        if label == "contact.address":
            content = rng.choice(phrases.ADDRESSES[lang])
            sentence = rng.choice(phrases.ADDRESS_TEMPLATES[lang]).format(a=content)
        else:
            content = value_of(rng, label, lang)
            sentence = rng.choice(phrases.SENTENCES[lang]).format(n=rng.choice(phrases.NAMES[label][lang]), v=content)
        paragraphs.insert(rng.randrange(len(paragraphs)), sentence)
        out.add("long", lang, f"{label}/{index % 7}", [found(label, content)], "\n\n".join(paragraphs))


def harmless(out, rng):
    for index in range(420):
        out.add("hard negatives", "en", f"numbers/{index % 40}", [], negatives.numbers(rng))
    for index in range(260):
        out.add("hard negatives", "en", f"documentation/{index % 40}", [], negatives.documentation(rng))
    for lang, texts in [("en", negatives.TALK), ("zh", negatives.TALK_ZH), *negatives.TALK_OTHER.items()]:
        for text in texts:
            out.add("hard negatives", lang, text, [], text)
    for text in negatives.PROSE:
        out.add("prose", "en", text, [], text)
    for lang, texts in negatives.PROSE_OTHER.items():
        for text in texts:
            out.add("prose", lang, text, [], text)
    for index in range(40):
        out.add("hard negatives", "en", f"code/{index % 10}", [], negatives.code(rng))
    for index in range(30):
        out.add("hard negatives", "en", f"logs/{index % 6}", [], negatives.logs(rng, rng.randrange(1, 60)))
    for index in range(60):
        pool = negatives.PROSE + [t for texts in negatives.PROSE_OTHER.values() for t in texts]
        blob = base64.b64encode(" ".join(rng.sample(negatives.PROSE, 2)).encode()).decode()
        text = rng.choice([f"{negatives.numbers(rng)} {rng.choice(pool)}", f"Decode: {blob}", f"{rng.choice(pool)}\n{negatives.documentation(rng)}", f"{negatives.code(rng)}\n{negatives.numbers(rng)}"])
        out.add("hard negatives", "en", f"mixed/{index % 12}", [], text)


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seed", type=int, default=20)
    rng = random.Random(options.parse_args().seed)
    out = Set(rng)
    for part in (identifiers, people, markers, obfuscations, structured, conversations, long_documents, harmless):
        part(out, rng)
    for case in out.cases:
        sys.stdout.write(json.dumps(case, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
