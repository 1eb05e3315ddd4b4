"""Made-up values of every kind, valid by their own rules: check digits are computed here from the
published standards, independently of the detectors. Nothing here is anybody's real number."""

import base64
import hashlib
import json
import string


def luhn_digit(body):
    total = 0
    for index, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if index % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def digits(rng, count, first="0123456789"):
    return rng.choice(first) + "".join(rng.choice("0123456789") for _ in range(count - 1))


def alnum(rng, count, alphabet=string.ascii_letters + string.digits):
    return "".join(rng.choice(alphabet) for _ in range(count))


def group(text, sizes, sep):
    parts, at = [], 0
    for size in sizes:
        parts.append(text[at:at + size])
        at += size
    if at < len(text):
        parts.append(text[at:])
    return sep.join(part for part in parts if part)


def credit_card(rng):
    prefix, length = rng.choice([("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("34", 15), ("37", 15),
                                 ("6011", 16), ("65", 16), ("3528", 16), ("36", 14), ("4", 16), ("53", 16)])
    body = prefix + digits(rng, length - 1 - len(prefix))
    number = body + luhn_digit(body)
    sizes = {16: [4, 4, 4, 4], 15: [4, 6, 5], 14: [4, 6, 4]}[length]
    return group(number, sizes, rng.choice(["", " ", "-", " ", ""]))


def cn_bank_card(rng):
    prefix = rng.choice(["622202", "621700", "622848", "621661", "622588", "623052", "621226"])
    length = rng.choice([16, 19, 19])
    body = prefix + digits(rng, length - 1 - len(prefix))
    number = body + luhn_digit(body)
    return group(number, [4, 4, 4, 4], rng.choice(["", " ", ""]))


def iban(rng):
    country, shape = rng.choice([
        ("DE", "n18"), ("GB", "a4n14"), ("FR", "n20n1n2"), ("NL", "a4n10"), ("ES", "n20"), ("CH", "n17"),
        ("IT", "a1n22"), ("PL", "n24"), ("AT", "n16"), ("BE", "n12"), ("SE", "n20"), ("NO", "n11"), ("TR", "n22")])
    body, at = "", 0
    while at < len(shape):
        kind, end = shape[at], at + 1
        while end < len(shape) and shape[end].isdigit():
            end += 1
        count = int(shape[at + 1:end])
        body += alnum(rng, count, string.ascii_uppercase if kind == "a" else string.digits)
        at = end
    as_number = "".join(str(int(c, 36)) for c in body + country + "00")
    text = f"{country}{98 - int(as_number) % 97:02d}{body}"
    return group(text, [4] * 9, " ") if rng.random() < 0.5 else text


B58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def base58check(payload):
    raw = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, out = int.from_bytes(raw, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        out = B58[rest] + out
    return "1" * (len(raw) - len(raw.lstrip(b"\0"))) + out


BECH = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def bech32(hrp, version, program, const):
    bits, count, data = 0, 0, [version]
    for byte in program:
        bits, count = bits << 8 | byte, count + 8
        while count >= 5:
            count -= 5
            data.append(bits >> count & 31)
    if count:
        data.append(bits << (5 - count) & 31)

    def polymod(values):
        chk = 1
        for value in values:
            top = chk >> 25
            chk = (chk & 0x1FFFFFF) << 5 ^ value
            for i, gen in enumerate([0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3]):
                chk ^= gen if top >> i & 1 else 0
        return chk
    expanded = [ord(c) >> 5 for c in hrp] + [0] + [ord(c) & 31 for c in hrp]
    check = polymod(expanded + data + [0] * 6) ^ const
    data += [check >> 5 * (5 - i) & 31 for i in range(6)]
    return hrp + "1" + "".join(BECH[d] for d in data)


def crypto_address(rng):
    raw = bytes(rng.randrange(256) for _ in range(20))
    kind = rng.randrange(6)
    if kind == 0:
        return base58check(b"\0" + raw)
    if kind == 1:
        return base58check(b"\5" + raw)
    if kind == 2:
        return bech32("bc", 0, raw, 1)
    if kind == 3:
        return bech32("bc", 1, raw + raw[:12], 0x2BC830A3)
    if kind == 4:
        return base58check(b"\x41" + raw)
    return "0x" + raw.hex()


def ssn(rng):
    while True:
        area = rng.randrange(1, 900)
        if area not in (666,):
            break
    return f"{area:03d}-{rng.randrange(1, 100):02d}-{rng.randrange(1, 10000):04d}"


def itin(rng):
    group_ = rng.choice(list(range(50, 66)) + list(range(70, 89)) + list(range(90, 93)) + list(range(94, 100)))
    return f"9{rng.randrange(100):02d}-{group_}-{rng.randrange(10000):04d}"


def aba(rng):
    while True:
        body = rng.choice(["01", "02", "03", "06", "07", "10", "11", "12", "21", "25", "31"]) + digits(rng, 6)
        weights = [3, 7, 1, 3, 7, 1, 3, 7]
        check = -sum(int(d) * w for d, w in zip(body, weights)) % 10
        return body + str(check)


def npi(rng):
    body = rng.choice("12") + digits(rng, 8)
    return body + luhn_digit("80840" + body)


def dea(rng):
    body = digits(rng, 6)
    check = (sum(int(d) for d in body[0::2]) + 2 * sum(int(d) for d in body[1::2])) % 10
    return rng.choice("ABFGM") + rng.choice(string.ascii_uppercase) + body + str(check)


def mbi(rng):
    letters = "ACDEFGHJKMNPQRTUVWXY"
    both = letters + string.digits
    text = (digits(rng, 1, "123456789") + rng.choice(letters) + rng.choice(both) + digits(rng, 1) + rng.choice(letters)
            + rng.choice(both) + digits(rng, 1) + rng.choice(letters) + rng.choice(letters) + digits(rng, 2))
    return group(text, [4, 3, 4], "-") if rng.random() < 0.5 else text


CN_AREAS = ["110105", "310104", "440305", "330106", "510107", "420102", "320106", "370202", "610113", "350203", "500103"]


def cn_resident_id(rng):
    body = rng.choice(CN_AREAS) + f"{rng.randrange(1945, 2012)}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}" + digits(rng, 3)
    weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights)) % 11]


def cn_uscc(rng):
    alphabet = "0123456789ABCDEFGHJKLMNPQRTUWXY"
    org = alnum(rng, 8, "0123456789ABCDEFGHJKLMNPQRTUWXY")
    weights = [3, 7, 9, 10, 5, 8, 4, 2]
    total = sum(int(c, 36) * w for c, w in zip(org, weights))
    tail = 11 - total % 11
    org += {10: "X", 11: "0"}.get(tail, str(tail))
    body = rng.choice(["91", "92", "93", "12", "51"]) + rng.choice(CN_AREAS) + org
    value = 31 - sum(alphabet.index(c) * (3 ** i % 31) for i, c in enumerate(body)) % 31
    return body + alphabet[value % 31]


def cn_hkmo_permit(rng):
    return rng.choice([lambda: rng.choice("HM") + digits(rng, rng.choice([8, 10])),
                       lambda: rng.choice(["C", "CA", "W"]) + digits(rng, 8),
                       lambda: digits(rng, 8)])()


PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"


def cn_plate(rng):
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"
    sep = rng.choice(["", "·", " "])
    head = rng.choice(PROVINCES) + rng.choice(letters) + sep
    if rng.random() < 0.4:
        return head + rng.choice("DF") + rng.choice(letters + string.digits) + digits(rng, 4)
    return head + alnum(rng, 4, letters + string.digits) + digits(rng, 1)


def plate(rng):
    kind = rng.randrange(3)
    letters = "ABCDEFGHJKLMNPRSTUVWXYZ"
    if kind == 0:
        return digits(rng, 1) + alnum(rng, 3, letters) + digits(rng, 3)
    if kind == 1:
        return alnum(rng, 2, letters) + digits(rng, 2) + " " + alnum(rng, 3, letters)
    return alnum(rng, 3, letters) + "-" + digits(rng, 4)


def cn_passport(rng):
    return rng.choice("EG") + digits(rng, 8)


def passport(rng):
    return rng.choice([lambda: digits(rng, 9, "123456789"), lambda: alnum(rng, 1, "CFGHJK") + alnum(rng, 8, "0123456789CFGHJKLMNPRTVWXYZ"),
                       lambda: digits(rng, 2) + alnum(rng, 2, string.ascii_uppercase) + digits(rng, 5),
                       lambda: alnum(rng, 2, string.ascii_uppercase) + digits(rng, 7),
                       lambda: rng.choice("ABCEGHLMNPX") + digits(rng, 8)])()


def driver_license(rng):
    return rng.choice([lambda: rng.choice(string.ascii_uppercase) + digits(rng, 7), lambda: digits(rng, 9),
                       lambda: rng.choice(string.ascii_uppercase) + group(digits(rng, 12), [3, 3, 2, 3], "-"),
                       lambda: alnum(rng, 5, string.ascii_uppercase) + digits(rng, 6) + alnum(rng, 2, string.ascii_uppercase) + digits(rng, 1) + "AB",
                       lambda: digits(rng, 8)])()


def bank_account(rng):
    return rng.choice([lambda: digits(rng, 10, "123456789"), lambda: digits(rng, 12), lambda: digits(rng, 8),
                       lambda: group(digits(rng, 12), [4, 4, 4], "-")])()


def medical_record(rng):
    return rng.choice([lambda: digits(rng, 8), lambda: digits(rng, 7), lambda: group(digits(rng, 6), [2, 2, 2], "-"),
                       lambda: "MRN" + digits(rng, 7), lambda: rng.choice("HPZ") + digits(rng, 8)])()


def employee_id(rng):
    return rng.choice([lambda: "E" + digits(rng, 6), lambda: digits(rng, 6), lambda: "EMP-" + digits(rng, 5), lambda: digits(rng, 8)])()


def uk_nhs(rng):
    while True:
        body = digits(rng, 9)
        check = 11 - sum(int(d) * w for d, w in zip(body, range(10, 1, -1))) % 11
        if check != 10:
            text = body + str(check % 11)
            return group(text, [3, 3, 4], rng.choice(["", " ", " ", "-"]))


def uk_nino(rng):
    while True:
        head = rng.choice("ABCEGHJKLMNOPRSTWXYZ") + rng.choice("ABCEGHJKLMNPRSTWXYZ")
        if head not in ("BG", "GB", "NK", "KN", "TN", "NT", "ZZ"):
            text = head + digits(rng, 6) + rng.choice("ABCD")
            return group(text, [2, 2, 2, 2, 1], rng.choice(["", " "]))


def de_tax_id(rng):
    while True:
        first = rng.choice("123456789")
        rest = rng.sample([d for d in "0123456789"], 10)
        body = list(first + "".join(rest))[:10]
        # exactly one digit occurs twice
        others = [d for d in "0123456789" if d != first]
        chosen = rng.sample(others, 8)
        body = [first] + chosen + [rng.choice([first] + chosen)]
        tail = body[1:]
        rng.shuffle(tail)
        body = [first] + tail
        product = 10
        for digit in body:
            total = (int(digit) + product) % 10 or 10
            product = total * 2 % 11
        text = "".join(body) + str((11 - product) % 10)
        return group(text, [2, 3, 3, 3], rng.choice(["", " ", ""]))


def es_dni(rng):
    letters = "TRWAGMYFPDXBNJZSQVHLCKE"
    if rng.random() < 0.3:
        lead = rng.choice("XYZ")
        number = digits(rng, 7)
        return lead + number + letters[int(str("XYZ".index(lead)) + number) % 23]
    number = digits(rng, 8)
    return number + rng.choice(["", "-"]) + letters[int(number) % 23]


def fr_nir(rng):
    body = rng.choice("12") + f"{rng.randrange(40, 99):02d}{rng.randrange(1, 13):02d}" + f"{rng.randrange(1, 95):02d}" + digits(rng, 3) + digits(rng, 3)
    body = body.replace("20", "21") if False else body
    text = body + f"{97 - int(body) % 97:02d}"
    return group(text, [1, 2, 2, 2, 3, 3, 2], rng.choice(["", " ", " "]))


def it_fiscal_code(rng):
    consonants = "BCDFGLMNPRSTVZ"
    body = (alnum(rng, 6, consonants) + digits(rng, 2) + rng.choice("ABCDEHLMPRST")
            + f"{rng.randrange(1, 31) + rng.choice([0, 40]):02d}" + rng.choice("ABCDEFGHIL") + digits(rng, 3))
    odd = dict(zip("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
                   [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23]))
    even = {c: (int(c) if c.isdigit() else ord(c) - 65) for c in string.ascii_uppercase + string.digits}
    total = sum(odd[c] if i % 2 == 0 else even[c] for i, c in enumerate(body))
    return body + chr(65 + total % 26)


VERHOEFF_D = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 2, 3, 4, 0, 6, 7, 8, 9, 5], [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
              [3, 4, 0, 1, 2, 8, 9, 5, 6, 7], [4, 0, 1, 2, 3, 9, 5, 6, 7, 8], [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
              [6, 5, 9, 8, 7, 1, 0, 4, 3, 2], [7, 6, 5, 9, 8, 2, 1, 0, 4, 3], [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
              [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]]
VERHOEFF_P = [[0, 1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 7, 6, 2, 8, 3, 0, 9, 4], [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
              [8, 9, 1, 6, 0, 4, 3, 5, 2, 7], [9, 4, 5, 3, 1, 2, 6, 8, 7, 0], [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
              [2, 7, 9, 3, 8, 0, 6, 4, 1, 5], [7, 0, 4, 6, 9, 1, 3, 2, 5, 8]]


def in_aadhaar(rng):
    body = digits(rng, 11, "23456789")
    for check in "0123456789":
        state = 0
        for index, digit in enumerate(reversed(body + check)):
            state = VERHOEFF_D[state][VERHOEFF_P[index % 8][int(digit)]]
        if state == 0:
            return group(body + check, [4, 4, 4], rng.choice(["", " ", " ", "-"]))


def in_pan(rng):
    return alnum(rng, 3, string.ascii_uppercase) + rng.choice("PCHFT") + alnum(rng, 1, string.ascii_uppercase) + digits(rng, 4) + alnum(rng, 1, string.ascii_uppercase)


def in_gstin(rng):
    body = f"{rng.randrange(1, 38):02d}" + in_pan(rng) + rng.choice("123456789") + "Z"
    chars = string.digits + string.ascii_uppercase
    total = 0
    for index, char in enumerate(body):
        product = chars.index(char) * (1 + index % 2)
        total += product // 36 + product % 36
    return body + chars[-total % 36]


def sg_nric(rng):
    lead = rng.choice("STFG")
    body = digits(rng, 7)
    total = sum(int(d) * w for d, w in zip(body, [2, 7, 6, 5, 4, 3, 2])) + (4 if lead in "TG" else 0)
    return lead + body + ("JZIHGFEDCBA" if lead in "ST" else "XWUTRQPNMLK")[total % 11]


def jp_my_number(rng):
    body = digits(rng, 11)
    total = sum(int(d) * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(body), start=1))
    rest = total % 11
    text = body + ("0" if rest <= 1 else str(11 - rest))
    return group(text, [4, 4, 4], rng.choice(["", " ", "-"]))


def kr_rrn(rng):
    body = f"{rng.randrange(50, 100):02d}{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}" + rng.choice("12") + digits(rng, 5)
    total = sum(int(d) * w for d, w in zip(body, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]))
    text = body + str((11 - total % 11) % 10)
    return text[:6] + "-" + text[6:]


def br_cpf(rng):
    body = digits(rng, 9)
    for _ in range(2):
        total = sum(int(d) * w for d, w in zip(body, range(len(body) + 1, 1, -1)))
        body += str((total * 10 % 11) % 10)
    return f"{body[:3]}.{body[3:6]}.{body[6:9]}-{body[9:]}" if rng.random() < 0.7 else body


def pesel(rng):
    year, month = rng.randrange(40, 100), rng.randrange(1, 13)
    body = f"{year:02d}{month:02d}{rng.randrange(1, 29):02d}" + digits(rng, 4)
    return body + str(-sum(int(d) * w for d, w in zip(body, [1, 3, 7, 9] * 3)) % 10)


def bsn(rng):
    while True:
        body = digits(rng, 8, "123456789")
        rest = sum(int(d) * w for d, w in zip(body, range(9, 1, -1))) % 11
        if rest < 10:
            return body + str(rest)


def personnummer(rng):
    year, rest = rng.randrange(1940, 2006), f"{rng.randrange(1, 13):02d}{rng.randrange(1, 29):02d}" + digits(rng, 3)
    text = f"{year % 100:02d}" + rest
    text += luhn_digit(text)
    return rng.choice([str(year // 100), ""]) + text[:6] + rng.choice(["-", ""]) + text[6:]


def tc_kimlik(rng):
    d = [int(c) for c in digits(rng, 1, "123456789") + digits(rng, 8)]
    d.append((7 * sum(d[0:9:2]) - sum(d[1:8:2])) % 10)
    return "".join(map(str, d + [sum(d) % 10]))


def snils(rng):
    body = digits(rng, 9, "123456789")
    total = sum(int(d) * w for d, w in zip(body, range(9, 0, -1))) % 101
    return f"{body[:3]}-{body[3:6]}-{body[6:]} {total % 100:02d}"


def thai_id(rng):
    body = digits(rng, 1, "1234") + digits(rng, 11)
    total = sum(int(d) * w for d, w in zip(body, range(13, 1, -1)))
    return group(body + str((11 - total % 11) % 10), [1, 4, 5, 2, 1], rng.choice(["-", "", " "]))


def cccd(rng):
    return f"{rng.randrange(1, 97):03d}" + rng.choice("0123") + digits(rng, 8)


def national_id(rng, lang):
    made = {"pl": pesel, "nl": bsn, "sv": personnummer, "tr": tc_kimlik, "ru": snils, "vi": cccd}
    return made.get(lang, thai_id)(rng)


def au_tfn(rng):
    weights = [1, 4, 3, 7, 5, 8, 6, 9, 10]
    while True:
        body = digits(rng, 9, "123456789")
        if sum(int(d) * w for d, w in zip(body, weights)) % 11 == 0:
            return group(body, [3, 3, 3], rng.choice(["", " ", " "]))


def au_medicare(rng):
    body = digits(rng, 8, "23456")
    check = sum(int(d) * w for d, w in zip(body, [1, 3, 7, 9, 1, 3, 7, 9])) % 10
    return group(body + str(check) + digits(rng, 1, "123456789"), [4, 5, 1], rng.choice(["", " ", " "]))


def ca_sin(rng):
    body = digits(rng, 8, "1234567")
    return group(body + luhn_digit(body), [3, 3, 3], rng.choice(["-", " ", ""]))


def hk_id(rng):
    lead = rng.choice("ABCDEGHKMPRVWYZ")
    body = digits(rng, 6)
    total = 36 * 9 + (ord(lead) - 55) * 8 + sum(int(d) * w for d, w in zip(body, [7, 6, 5, 4, 3, 2]))
    check = (11 - total % 11) % 11
    return f"{lead}{body}({'A' if check == 10 else check})"


def imei(rng):
    body = rng.choice(["35", "86", "01"]) + digits(rng, 12)
    return body + luhn_digit(body)


VIN_VALUES = dict(zip("ABCDEFGH", range(1, 9))) | dict(zip("JKLMN", range(1, 6))) | {"P": 7, "R": 9} | dict(zip("STUVWXYZ", range(2, 10)))


def vin(rng):
    alphabet = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
    body = list(rng.choice(["1HG", "1FT", "5YJ", "2T1", "3VW", "JTD"]) + alnum(rng, 8, alphabet) + alnum(rng, 6, "0123456789"))
    weights = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2]
    total = sum((VIN_VALUES[c] if c in VIN_VALUES else int(c)) * w for c, w in zip(body, weights))
    body[8] = "X" if total % 11 == 10 else str(total % 11)
    return "".join(body)


def ip(rng):
    if rng.random() < 0.25:
        return ":".join(f"{rng.randrange(0x2001, 0xfff0):x}" for _ in range(8))
    return ".".join(str(rng.randrange(1, 255)) for _ in range(4)).replace("127.", "81.")


def mac(rng):
    return rng.choice([":", "-"]).join(f"{rng.randrange(256):02x}" for _ in range(6))


def internal_host(rng):
    name = rng.choice(["db", "jira", "git", "build", "vault", "crm", "mail", "kafka"]) + rng.choice(["", "-01", "02", "-prod"])
    return name + "." + rng.choice(["corp.acme.com", "internal", "intra.acme.de", "lan", "prod.svc.cluster.local", "corp", "internal.zeta.io"])


DOMAINS = ["gmail.com", "outlook.com", "yahoo.co.uk", "163.com", "qq.com", "web.de", "orange.fr", "acme-corp.com", "northwind.io",
           "mail.ru", "naver.com", "proton.me", "hospital-nord.org", "uol.com.br", "yahoo.co.jp"]


def email(rng):
    first = rng.choice(["anna", "j.smith", "lwei", "m_garcia", "peter.h", "s.kowalska", "tanaka", "olga.i", "r2d2", "fatima.z", "info.desk", "bob"])
    return first + rng.choice(["", str(rng.randrange(1, 99)), "+news"]) + "@" + rng.choice(DOMAINS)


def phone_us(rng):
    area = digits(rng, 1, "23456789") + digits(rng, 1, "0123456789".replace("9", "8")) + digits(rng, 1)
    exch = digits(rng, 3, "23456789")
    line = digits(rng, 4)
    return rng.choice([f"({area}) {exch}-{line}", f"{area}-{exch}-{line}", f"+1 {area} {exch} {line}", f"+1-{area}-{exch}-{line}",
                       f"{area}.{exch}.{line}", f"1-{area}-{exch}-{line}"])


def phone_cn(rng):
    body = "1" + rng.choice(["38", "39", "86", "59", "77", "33", "91"]) + digits(rng, 8)
    return rng.choice([body, body, f"+86 {body}", f"{body[:3]} {body[3:7]} {body[7:]}", f"{body[:3]}-{body[3:7]}-{body[7:]}", f"+86-{body}"])


def phone_cn_fixed(rng):
    area = rng.choice(["010", "021", "020", "0755", "0571", "028"])
    return area + rng.choice(["-", "-", " ", ""]) + digits(rng, 8, "2345678")


PHONES = {
    "en": phone_us, "zh": phone_cn,
    "de": lambda r: r.choice(["+49 {} {}", "0{} {}", "0{}/{}"]).format(r.choice(["30", "89", "171", "160", "221"]), digits(r, 7, "123456789")),
    "fr": lambda r: r.choice(["+33 {} {}", "0{} {}"]).format(r.choice("123467"), group(digits(r, 8), [2, 2, 2, 2], " ")),
    "es": lambda r: r.choice(["+34 ", "", "+34"]) + group(r.choice("69") + digits(r, 8), [3, 3, 3], r.choice([" ", ""])),
    "it": lambda r: r.choice(["+39 ", ""]) + "3" + group(digits(r, 9, "234"), [2, 3, 4], " "),
    "pt": lambda r: r.choice(["+55 11 9{}-{}", "(11) 9{}-{}", "+351 91 {} {}"]).format(digits(r, 4), digits(r, 4)),
    "nl": lambda r: r.choice(["+31 6 ", "06-", "06 "]) + digits(r, 8, "12345"),
    "pl": lambda r: r.choice(["+48 ", ""]) + group(r.choice("5678") + digits(r, 8), [3, 3, 3], " "),
    "ru": lambda r: r.choice(["+7 ({}) {}", "8 ({}) {}", "+7 {} {}"]).format(r.choice(["495", "916", "903"]), group(digits(r, 7, "123456789"), [3, 2, 2], "-")),
    "ja": lambda r: r.choice(["090-{}-{}", "03-{}-{}", "+81 90 {} {}"]).format(digits(r, 4, "123456789"), digits(r, 4)),
    "ko": lambda r: r.choice(["010-{}-{}", "+82 10 {} {}"]).format(digits(r, 4, "23456789"), digits(r, 4)),
    "ar": lambda r: r.choice(["+966 5{}", "05{}", "+971 50 {}"]).format(digits(r, 8) if False else digits(r, 7)) if r.random() < 0.5 else "+9665" + digits(r, 8),
    "tr": lambda r: r.choice(["+90 5{} {}", "05{} {}"]).format(digits(r, 2, "345"), group(digits(r, 7, "123456789"), [3, 2, 2], " ")),
    "hi": lambda r: r.choice(["+91 ", "+91-", ""]) + r.choice("6789") + digits(r, 9),
    "vi": lambda r: r.choice(["+84 9{}", "09{}"]).format(group(digits(r, 8), [2, 3, 3], " ")),
    "sv": lambda r: r.choice(["+46 70 {}", "070-{}"]).format(group(digits(r, 7, "123456789"), [3, 2, 2], " ")),
}


def api_key(rng):
    b62 = string.ascii_letters + string.digits
    kinds = [
        lambda: "sk-proj-" + alnum(rng, 48), lambda: "sk-ant-api03-" + alnum(rng, 80) + "AA", lambda: "AKIA" + alnum(rng, 16, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
        lambda: "ghp_" + alnum(rng, 36), lambda: "glpat-" + alnum(rng, 20), lambda: "xoxb-" + digits(rng, 11) + "-" + digits(rng, 12) + "-" + alnum(rng, 24),
        lambda: "sk_live_" + alnum(rng, 24), lambda: "AIza" + alnum(rng, 35, b62 + "-_"), lambda: "npm_" + alnum(rng, 36), lambda: "hf_" + alnum(rng, 34, string.ascii_letters),
        lambda: "SG." + alnum(rng, 22) + "." + alnum(rng, 43), lambda: "gsk_" + alnum(rng, 52), lambda: "dop_v1_" + alnum(rng, 64, "0123456789abcdef"),
        lambda: "shpat_" + alnum(rng, 32, "0123456789abcdef"), lambda: "LTAI" + alnum(rng, 20), lambda: "AKID" + alnum(rng, 32), lambda: "glsa_" + alnum(rng, 32) + "_" + alnum(rng, 8, "0123456789abcdef"),
        lambda: "hvs." + alnum(rng, 90), lambda: digits(rng, 10, "123456789") + ":AA" + alnum(rng, 33, b62 + "-_"), lambda: "pypi-AgEIcHlwaS5vcmc" + alnum(rng, 80),
        lambda: "key-" + alnum(rng, 32, "0123456789abcdef"), lambda: "EAAC" + alnum(rng, 120), lambda: "dckr_pat_" + alnum(rng, 27), lambda: "pk_live_" + alnum(rng, 24) if False else "rk_live_" + alnum(rng, 24),
        lambda: "https://hooks.slack.com/services/T" + alnum(rng, 8, string.ascii_uppercase + string.digits) + "/B" + alnum(rng, 8, string.ascii_uppercase + string.digits) + "/" + alnum(rng, 24),
        lambda: "AGE-SECRET-KEY-1" + alnum(rng, 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L") if False else "NRAK-" + alnum(rng, 27, string.ascii_uppercase + string.digits),
        lambda: "sq0atp-" + alnum(rng, 22), lambda: "PMAK-" + alnum(rng, 24, "0123456789abcdef") + "-" + alnum(rng, 34, "0123456789abcdef"), lambda: "lin_api_" + alnum(rng, 40),
        lambda: "pat-na1-" + "-".join(alnum(rng, n, "0123456789abcdef") for n in (8, 4, 4, 4, 12)), lambda: "figd_" + alnum(rng, 40), lambda: "dapi" + alnum(rng, 32, "0123456789abcdef"),
    ]
    return rng.choice(kinds)()


def generic_key(rng):
    return rng.choice([lambda: alnum(rng, 32, "0123456789abcdef"), lambda: alnum(rng, 40), lambda: base64.b64encode(bytes(rng.randrange(256) for _ in range(32))).decode(),
                       lambda: alnum(rng, 24)])()


def jwt(rng):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
    return part({"alg": rng.choice(["HS256", "RS256"]), "typ": "JWT"}) + "." + part({"sub": alnum(rng, 8), "iat": 1700000000 + rng.randrange(10**7)}) + "." + alnum(rng, 43)


def private_key(rng):
    kind = rng.choice(["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "])
    lines = "\n".join(alnum(rng, 64, string.ascii_letters + string.digits + "+/") for _ in range(rng.randrange(4, 14)))
    return f"-----BEGIN {kind}PRIVATE KEY-----\n{lines}\n-----END {kind}PRIVATE KEY-----"


WORDS = ["sunset", "Falcon", "river", "Tiger", "coffee", "Blue", "garden", "Rocket", "winter", "Panda"]


def password(rng):
    return rng.choice([
        lambda: rng.choice(WORDS).capitalize() + str(rng.randrange(10, 9999)) + rng.choice("!@#$%&*"),
        lambda: alnum(rng, 5) + rng.choice("!@#$%^&*") + alnum(rng, 6) + digits(rng, 1),
        lambda: rng.choice(WORDS) + rng.choice("_-.") + rng.choice(WORDS) + digits(rng, 2),
        lambda: "P@ss" + alnum(rng, 6) + digits(rng, 1),
        lambda: alnum(rng, 16) + digits(rng, 1)])()


def connection_string(rng):
    user, host = rng.choice(["app", "admin", "svc_report", "root"]), rng.choice(["db.acme-corp.com", "10.4.2.17", "pg-prod-3", "cache.internal"])
    secret = alnum(rng, 14)
    return rng.choice([
        lambda: f"postgres://{user}:{secret}@{host}:5432/orders", lambda: f"mysql://{user}:{secret}@{host}/crm",
        lambda: f"mongodb+srv://{user}:{secret}@cluster0.{alnum(rng, 5).lower()}.mongodb.net/prod", lambda: f"redis://:{secret}@{host}:6379/0",
        lambda: f"amqp://{user}:{secret}@{host}:5672/vhost", lambda: f"Server={host};Database=Sales;User Id={user};Password={secret};",
        lambda: f"jdbc:mysql://{host}:3306/hr?user={user}&password={secret}",
        lambda: f"DefaultEndpointsProtocol=https;AccountName=acme{digits(rng, 3)};AccountKey={base64.b64encode(bytes(rng.randrange(256) for _ in range(64))).decode()};EndpointSuffix=core.windows.net",
        lambda: f"Endpoint=sb://acme.servicebus.windows.net/;SharedAccessKeyName=RootManage;SharedAccessKey={base64.b64encode(bytes(rng.randrange(256) for _ in range(32))).decode()}",
        lambda: f"host={host} port=5432 dbname=app user={user} password={secret}", lambda: f"ftp://{user}:{secret}@{host}/in"])()
