"""Random entities: names, numbers, dates, amounts, addresses and codes.

Most values are made up letter by letter, so that a model has to learn to copy them. Whether a value
belongs to training or to the held-out rows follows from a hash of the value itself, so that no
entity can occur in both.
"""

import string
import zlib

FIRST = """James Mary Robert Patricia John Jennifer Michael Linda David Elizabeth William Barbara Richard Susan Joseph
Jessica Thomas Sarah Charles Karen Daniel Lisa Matthew Nancy Anthony Betty Mark Sandra Paul Ashley Steven Emily Andrew
Donna Joshua Michelle Kenneth Carol Kevin Amanda Brian Melissa George Deborah Timothy Stephanie Ronald Rebecca Jason
Laura Edward Helen Jeffrey Sharon Ryan Cynthia Jacob Kathleen Gary Amy Nicholas Angela Eric Anna Jonathan Ruth Stephen
Olivia Larry Sophie Justin Julia Scott Nina Brandon Claire Frank Maria Benjamin Ines Gregory Elena Samuel Priya Raymond
Aisha Patrick Fatima Alexander Mei Jack Yuki Dennis Ana Jerry Lucia Tyler Marta Aaron Ingrid Jose Astrid Henry Freya
Adam Leila Douglas Noor Nathan Zara Peter Hannah Zachary Eva Kyle Lena Walter Clara Omar Rosa Ivan Petra Luca Sven Anil
Ravi Chen Wei Hiroshi Kofi Amara Diego Carlos Pablo Miguel Tomas Pavel Milan Jan Piotr Karim Hassan Ali Tariq Emma Grace
Mia Lily Isla Ella Ava Leo Max Oscar Felix Hugo Otto Nils Lars Erik Bjorn Sanne Femke Joris Giulia Paolo Marco""".split()

LAST = """Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez Wilson
Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez Lewis Robinson Walker
Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker Hall Rivera Campbell Mitchell Carter
Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards Collins Reyes Stewart Morris Morales Murphy Cook Rogers
Gutierrez Ortiz Morgan Cooper Peterson Bailey Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood
James Bennett Gray Mendoza Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster Jimenez Powell Novak
Weber Schmidt Fischer Meyer Wagner Becker Hoffmann Keller Richter Klein Wolf Neumann Dubois Laurent Moreau Rossi Russo
Ferrari Bianchi Kowalski Nowak Svoboda Horvat Jansen Visser Bakker Larsen Hansen Nilsson Lindberg Berg Sato Tanaka
Suzuki Yamamoto Park Choi Singh Sharma Gupta Khan Ahmed Okafor Mensah Diallo Santos Silva Costa Pereira Almeida""".split()

CITIES = """London Paris Berlin Madrid Rome Vienna Prague Warsaw Lisbon Dublin Oslo Stockholm Helsinki Copenhagen
Amsterdam Brussels Zurich Geneva Munich Hamburg Cologne Milan Turin Naples Barcelona Valencia Porto Athens Budapest
Krakow Boston Chicago Denver Seattle Austin Dallas Houston Phoenix Portland Atlanta Miami Toronto Montreal Vancouver
Sydney Melbourne Brisbane Perth Auckland Tokyo Osaka Kyoto Seoul Singapore Bangkok Mumbai Delhi Chennai Bangalore Dubai
Cairo Nairobi Lagos Accra Johannesburg Lima Bogota Santiago Leeds Bristol Glasgow Cardiff Leipzig Bremen Stuttgart Lyon
Nice Lille Antwerp Ghent Rotterdam Utrecht Malmo Bergen Tampere Riga Vilnius Tallinn Sofia Zagreb Graz Basel""".split()

COUNTRIES = """Germany France Spain Italy Poland Norway Sweden Finland Denmark Portugal Ireland Austria Greece Hungary
Canada Mexico Brazil Chile Peru Argentina Japan Korea India China Vietnam Thailand Kenya Ghana Egypt Morocco Australia
Belgium Switzerland Turkey Romania Bulgaria Croatia Estonia Latvia Lithuania Iceland Nigeria Tunisia Jordan Nepal""".split()

MONTHS = """January February March April May June July August September October November December""".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
COMPANY_TAILS = ["Ltd", "GmbH", "Inc", "LLC", "AG", "Logistics", "Foods", "Systems", "Partners", "Group", "Labs",
                 "Consulting", "Media", "Textiles", "Energy", "Software", "Health", "Bank", "Trading", "& Sons", "Corp",
                 "Studios", "Furniture", "Supplies", "Motors", "Insurance", "Travel", "Electric", "Design", "Solutions"]
ADJECTIVES = """wireless portable folding electric leather steel wooden compact heavy-duty adjustable digital silent
ergonomic waterproof cordless mini premium classic foldable rechargeable padded cotton ceramic black white blue red green
grey silver smart outdoor stainless magnetic insulated slim oak bamboo rubber thermal""".split()
GOODS = """keyboard mouse monitor headset lamp desk chair backpack jacket kettle blender toaster vacuum printer scanner
router charger cable speaker camera tripod tablet phone case laptop stand projector microphone drill saw ladder toolbox
heater fan mattress pillow blanket sofa table shelf cabinet mirror clock watch wallet suitcase bicycle helmet tent stove
grill mug bottle pan knife rug curtain notebook pen stapler shredder whiteboard thermostat battery adapter webcam
dishwasher fridge oven scooter treadmill guitar umbrella coat shoes boots gloves scarf shirt""".split()
STREETS = "Street Road Avenue Lane Drive Way Square Court Boulevard Place".split()
STREET_NAMES = """Maple Oak Mill Station Church Park River King Queen Bridge Market School Garden Harbour Victoria North
South Castle Spring Hill Meadow Forest Lake Orchard Chapel Silver Canal Abbey Elm Cedar""".split()
TEAMS = """finance marketing sales legal engineering procurement logistics support facilities payroll security research
compliance product design operations recruiting training quality maintenance""".split()
TITLES = """project manager|office manager|account manager|sales director|data analyst|team lead|head of finance|chief engineer|
warehouse supervisor|marketing director|HR manager|legal counsel|software developer|accountant|site manager|product owner|
operations manager|purchasing agent|head of sales|chief financial officer|nurse|technician|consultant|receptionist|editor|
translator|security officer|quality inspector|shift leader|lab assistant""".replace("\n", "").split("|")
NUMBER_WORDS = "two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty".split()
ONSETS = "b br c ch d dr f fl g gr h j k kl l m n p pr qu r s sh sk st t th tr v w y z".split() + [""]
VOWELS = "a e i o u a e i o ai ee ia ou".split()
CODAS = ["", "", "", "n", "r", "l", "s", "m", "x", "k", "t", "nd", "rt", "ck", "ll", "v"]


def is_held_out(value):
    """About one value in eight is kept away from training."""
    return zlib.crc32(value.lower().encode()) % 8 == 0


def made_up_word(rng, syllables=None):
    """A pronounceable word that is in no dictionary."""
    count = syllables or rng.choice([2, 2, 2, 3])
    return "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(count))[:11]


def digits(rng, low, high=None):
    """A string of random digits that does not begin with zero."""
    count = rng.randint(low, high or low)
    return str(rng.randint(1, 9)) + "".join(rng.choice(string.digits) for _ in range(count - 1))


def code(rng, prefixes, low=4, high=8):
    """A reference number: digits alone, or with a prefix, a year, a check letter or random letters."""
    style = rng.random()
    if style < 0.22:
        return digits(rng, max(low, 5), high + 2)
    if style < 0.30:
        return "#" + digits(rng, low, high)
    letters = rng.choice(prefixes) if rng.random() < 0.5 else "".join(
        rng.choice(string.ascii_uppercase) for _ in range(rng.randint(1, 4)))
    separator = rng.choice(["-", "-", "-", "", "/", "_", " "][:6])
    if style < 0.62:
        return letters + separator + digits(rng, low, high)
    if style < 0.76:
        return f"{letters}-20{rng.randint(15, 29)}-{digits(rng, 3, 5)}"
    if style < 0.86:
        return letters + separator + digits(rng, 3, 5) + rng.choice(["-", ""]) + rng.choice(string.ascii_uppercase)
    if style < 0.94:
        return "".join(rng.choice(string.ascii_uppercase + string.digits * 2) for _ in range(rng.randint(5, 9)))
    return f"{digits(rng, 2, 4)}-{digits(rng, 3, 6)}"


def person(rng):
    first = rng.choice(FIRST) if rng.random() < 0.55 else made_up_word(rng, rng.choice([1, 2, 2])).capitalize()
    last = rng.choice(LAST) if rng.random() < 0.4 else made_up_word(rng).capitalize()
    style = rng.random()
    if style < 0.80:
        return f"{first} {last}"
    if style < 0.88:
        return rng.choice(["Mr", "Ms", "Dr", "Mrs", "Mr.", "Dr."]) + " " + last
    if style < 0.94:
        return f"{first} {rng.choice(string.ascii_uppercase)}. {last}"
    return f"{first} {last}-{rng.choice(LAST)}"


def first_name(rng):
    return rng.choice(FIRST) if rng.random() < 0.5 else made_up_word(rng, 2).capitalize()


def company(rng):
    name = made_up_word(rng).capitalize() if rng.random() < 0.7 else rng.choice(LAST)
    if rng.random() < 0.2:
        name += " " + made_up_word(rng, 2).capitalize()
    return f"{name} {rng.choice(COMPANY_TAILS)}" if rng.random() < 0.85 else name


def product(rng):
    style = rng.random()
    brand = made_up_word(rng, 2).capitalize()
    if style < 0.30:
        return f"{rng.choice(ADJECTIVES)} {rng.choice(GOODS)}"
    if style < 0.55:
        return f"{brand} {rng.choice(GOODS)}"
    if style < 0.75:
        return f"{brand} {rng.choice(['X', 'Pro', 'S', 'Max', 'Mini', 'Plus', 'Air', 'GT', 'V', 'Lite', 'One'])}" + (
            rng.choice(["", " "]) + digits(rng, 1, 3) if rng.random() < 0.5 else "")
    if style < 0.9:
        return f"{brand} {digits(rng, 2, 4)} {rng.choice(GOODS)}"
    return f"{rng.choice(ADJECTIVES)} {rng.choice(ADJECTIVES)} {rng.choice(GOODS)}"


def amount(rng):
    whole = rng.randint(2, 10 ** rng.choice([2, 2, 3, 3, 4, 5]))
    grouped = f"{whole:,}" if rng.random() < 0.6 else str(whole)
    cents = f".{rng.randint(0, 99):02d}" if rng.random() < 0.55 else ""
    style = rng.random()
    if style < 0.40:
        return f"${grouped}{cents}"
    if style < 0.55:
        return f"€{grouped}{cents}"
    if style < 0.63:
        return f"£{grouped}{cents}"
    if style < 0.78:
        return f"{rng.choice(['EUR', 'USD', 'GBP', 'CHF'])} {grouped}{cents}"
    if style < 0.90:
        return f"{grouped}{cents} {rng.choice(['EUR', 'USD', 'euros', 'dollars', 'pounds', '€', 'CHF'])}"
    return f"{whole:,}".replace(",", ".") + f",{rng.randint(0, 99):02d} €"


def date(rng):
    day, month, year = rng.randint(1, 28), rng.randint(1, 12), rng.randint(2012, 2032)
    name = MONTHS[month - 1]
    style = rng.random()
    if style < 0.16:
        return f"{day} {name} {year}"
    if style < 0.32:
        return f"{name} {day}, {year}"
    if style < 0.48:
        return f"{year}-{month:02d}-{day:02d}"
    if style < 0.58:
        return f"{day:02d}/{month:02d}/{year}"
    if style < 0.68:
        return f"{day:02d}.{month:02d}.{year}"
    if style < 0.80:
        return f"{name} {day}" if rng.random() < 0.6 else f"{day} {name}"
    if style < 0.88:
        return f"{name[:3]} {day}, {year}"
    return f"{rng.choice(DAYS)}, {day} {name}" if rng.random() < 0.6 else f"{name} {day}" + (
        "st" if day in (1, 21) else "nd" if day in (2, 22) else "rd" if day in (3, 23) else "th")


def email(rng):
    first = (rng.choice(FIRST).lower() if rng.random() < 0.5 else made_up_word(rng, 2))
    last = (rng.choice(LAST).lower() if rng.random() < 0.4 else made_up_word(rng))
    local = rng.choice([f"{first}.{last}", f"{first[0]}.{last}", f"{first}{digits(rng, 1, 3)}", f"{first}_{last}", last,
                        rng.choice(["info", "support", "billing", "office", "orders", "hr", "sales"]), f"{first}{last}"])
    host = made_up_word(rng) + rng.choice(["", "", "", "-" + made_up_word(rng, 1), "mail"])
    return f"{local}@{host}.{rng.choice(['com', 'com', 'org', 'net', 'example', 'io', 'de', 'co.uk', 'eu', 'fr', 'example.com'])}"


def phone(rng):
    return rng.choice([
        lambda: f"+{rng.choice([1, 33, 34, 39, 44, 46, 48, 49, 61, 81, 91])} {digits(rng, 2, 3)} {digits(rng, 6, 8)}",
        lambda: f"({digits(rng, 3)}) {digits(rng, 3)}-{digits(rng, 4)}",
        lambda: f"{digits(rng, 3)}-{digits(rng, 3)}-{digits(rng, 4)}",
        lambda: f"0{digits(rng, 3)} {digits(rng, 6, 7)}",
        lambda: f"+{digits(rng, 2)}{digits(rng, 9)}",
        lambda: f"{digits(rng, 3)}-{digits(rng, 4)}",
    ])()


def tracking(rng):
    style = rng.random()
    if style < 0.3:
        return "1Z" + "".join(rng.choice(string.ascii_uppercase + string.digits) for _ in range(rng.randint(8, 12)))
    if style < 0.6:
        return "".join(rng.choice(string.ascii_uppercase) for _ in range(2)) + digits(rng, 9) + rng.choice(
            ["DE", "US", "GB", "FR", "CN", "NL"])
    return digits(rng, 10, 14) if style < 0.8 else code(rng, ["TRK", "PKG", "SHP", "TR", "DHL", "UPS"], 6, 10)


def city(rng):
    if rng.random() < 0.5:
        return rng.choice(CITIES)
    return made_up_word(rng, 2).capitalize() + rng.choice(["", "burg", "ton", "ville", "stad", "field", " City", "port"])


def country(rng):
    return rng.choice(COUNTRIES) if rng.random() < 0.6 else made_up_word(rng, 2).capitalize() + rng.choice(["ia", "land", ""])


def address(rng):
    name = rng.choice(STREET_NAMES) if rng.random() < 0.6 else made_up_word(rng).capitalize()
    return f"{rng.randint(1, 299)} {name} {rng.choice(STREETS)}"


def time_of_day(rng):
    hour, minute = rng.randint(7, 19), rng.choice([0, 0, 15, 30, 30, 45, 10, 20, 50, 5])
    style = rng.random()
    if style < 0.5:
        return f"{hour}:{minute:02d}"
    half = "am" if hour < 12 else "pm"
    hour = hour if hour <= 12 else hour - 12
    if minute == 0 and style < 0.8:
        return f"{hour} {half}"
    return f"{hour}:{minute:02d}{rng.choice([' ', ''])}{rng.choice([half, half.upper()])}"


def quantity(rng):
    return rng.choice(NUMBER_WORDS) if rng.random() < 0.12 else f"{rng.randint(2, 10 ** rng.choice([1, 2, 2, 3, 4])):,}"


def room(rng):
    return rng.choice([
        lambda: f"Room {digits(rng, 1, 3)}", lambda: f"room {rng.choice(string.ascii_uppercase)}{digits(rng, 2, 3)}",
        lambda: f"Hall {rng.choice(string.ascii_uppercase)}", lambda: f"the {made_up_word(rng, 2).capitalize()} room",
        lambda: f"Building {digits(rng, 1, 2)}", lambda: f"Conference Room {rng.choice(LAST)}",
    ])()


def error_code(rng):
    return rng.choice([
        lambda: f"E-{digits(rng, 3, 4)}", lambda: f"0x{''.join(rng.choice('0123456789ABCDEF') for _ in range(8))}",
        lambda: f"ERR_{made_up_word(rng, 1).upper()}_{digits(rng, 2, 3)}", lambda: digits(rng, 3, 4),
        lambda: code(rng, ["ERR", "E", "F", "X"], 2, 4),
    ])()


def version(rng):
    return f"{rng.choice(['', '', 'v'])}{rng.randint(1, 30)}.{rng.randint(0, 20)}" + (
        f".{rng.randint(0, 40)}" if rng.random() < 0.6 else "")


def project(rng):
    return made_up_word(rng).capitalize() if rng.random() < 0.7 else rng.choice(LAST) + " " + rng.choice(
        ["migration", "rollout", "audit", "launch", "upgrade", "campaign", "pilot"])


KINDS = {
    "person": person, "first": first_name, "company": company, "product": product, "amount": amount, "date": date,
    "email": email, "phone": phone, "tracking": tracking, "city": city, "country": country, "address": address,
    "time": time_of_day, "quantity": quantity, "room": room, "error": error_code, "version": version, "project": project,
    "order": lambda r: code(r, ["ORD", "SO", "PO", "A", "WEB", "O", "EC", "OR"]),
    "invoice": lambda r: code(r, ["INV", "IN", "RE", "R", "F", "BILL", "FAC"]),
    "ticket": lambda r: code(r, ["TCK", "INC", "REQ", "CASE", "T", "SUP", "HD"]),
    "contract": lambda r: code(r, ["CT", "CON", "C", "AGR", "LC", "K"]),
    "customer": lambda r: code(r, ["CU", "C", "KD", "CUST", "ACC", "ID"]),
    "purchase": lambda r: code(r, ["PO", "P", "45", "PUR", "BST"]),
    "serial": lambda r: code(r, ["SN", "S", "MX", "ZT", "HW"], 5, 9),
    "employee": lambda r: code(r, ["EMP", "E", "HR", "P", "ID"], 3, 6),
    "percent": lambda r: f"{r.randint(1, 99)}{r.choice(['%', '%', ' percent', '.5%'])}",
    "duration": lambda r: f"{r.choice([str(r.randint(2, 90)), r.choice(NUMBER_WORDS)])} {r.choice(['days', 'weeks', 'months', 'years', 'hours', 'minutes'])}",
    "year": lambda r: str(r.randint(1650, 2024)),
    "weekday": lambda r: r.choice(DAYS) if r.random() < 0.7 else r.choice(["next ", "this "]) + r.choice(DAYS),
    "team": lambda r: r.choice(TEAMS),
    "title": lambda r: r.choice(TITLES),
    "word": lambda r: made_up_word(r),
    "goods": lambda r: r.choice(GOODS) + "s",
}

# Closed lists (weekdays, teams, titles): the same few words everywhere, so nothing to hold out.
CLOSED = {"weekday", "team", "title", "goods", "time", "percent", "duration", "quantity", "year", "room"}


class Entities:
    """The entities of one message: `entities["order"]` draws one on first use and repeats it afterwards.

    A name may carry a number (`person2`) to get a second, different value of the kind.
    """

    def __init__(self, rng, split):
        self.rng, self.split, self.known = rng, split, {}

    def __getitem__(self, name):
        if name not in self.known:
            self.known[name] = self.draw(name.rstrip("0123456789"))
        return self.known[name]

    def draw(self, kind):
        """A new value of the kind that belongs to this split and is not in use."""
        for _ in range(200):
            value = KINDS[kind](self.rng)
            if value in self.known.values():
                continue
            if kind in CLOSED or is_held_out(value) == (self.split == "eval"):
                return value
        return value
