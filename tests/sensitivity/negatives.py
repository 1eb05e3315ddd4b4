"""Texts without anything sensitive that look as if: numbers of other kinds, documentation, talk about secrecy."""

import string
import uuid

from values import alnum, digits, group

PROSE = [
    "The history of the bridge goes back to 1887, when the city council voted 14 to 9 for the cheaper of two designs.",
    "To bake the bread, mix 500 g of flour with 350 ml of water and let it rest for 12 hours at 21 degrees.",
    "Our flight leaves at 18:45 from gate B22 and lands at 21:10 local time.",
    "In chapter 7 the author compares 1,204 households in three provinces and finds no difference.",
    "The API returns 404 when the resource does not exist and 429 when the limit of 1000 requests is reached.",
    "Water boils at 100 degrees at sea level; at 3000 metres it boils at about 90 degrees.",
    "The committee will meet again in March to look at the proposals for the new library.",
    "Please compare quicksort and mergesort and explain when each of them is the better choice.",
]
PROSE_OTHER = {
    "zh": ["这座桥的历史可以追溯到1887年，当时市议会以14票对9票通过了方案。", "请比较快速排序和归并排序，并说明各自的适用场景。", "航班18:45从B22登机口起飞，21:10到达。", "水在海平面100度沸腾，在3000米高处约90度沸腾。", "请帮我写一首关于春天的诗，不少于二十行。", "本章比较了三个省的1204户家庭，没有发现差异。"],
    "de": ["Die Brücke wurde 1887 gebaut, nachdem der Rat mit 14 zu 9 Stimmen zugestimmt hatte.", "Bitte vergleiche Quicksort und Mergesort.", "Der Zug fährt um 18:45 von Gleis 22."],
    "fr": ["Le pont date de 1887 et mesure 320 mètres.", "Compare le tri rapide et le tri fusion.", "Le train part à 18 h 45 du quai 22."],
    "es": ["El puente se construyó en 1887 y mide 320 metros.", "Compara quicksort y mergesort.", "El tren sale a las 18:45 del andén 22."],
    "ja": ["この橋は1887年に建てられ、長さは320メートルです。", "クイックソートとマージソートを比較してください。"], "ko": ["이 다리는 1887년에 지어졌고 길이는 320미터입니다.", "퀵 정렬과 병합 정렬을 비교해 주세요."],
    "ru": ["Мост построили в 1887 году, его длина 320 метров.", "Сравните быструю сортировку и сортировку слиянием."], "ar": ["بني الجسر عام 1887 ويبلغ طوله 320 مترا."], "hi": ["यह पुल 1887 में बना था और इसकी लंबाई 320 मीटर है।"],
    "it": ["Il ponte fu costruito nel 1887 ed è lungo 320 metri."], "pt": ["A ponte foi construída em 1887 e tem 320 metros."], "nl": ["De brug is in 1887 gebouwd en is 320 meter lang."], "pl": ["Most zbudowano w 1887 roku, ma 320 metrów."], "tr": ["Köprü 1887'de yapıldı ve 320 metre uzunluğunda."], "vi": ["Cây cầu được xây năm 1887 và dài 320 mét."], "sv": ["Bron byggdes 1887 och är 320 meter lång."],
}

TALK = [
    "What does CONFIDENTIAL usually mean in a non-disclosure agreement?", "Explain the difference between confidential and secret classification levels.", "How should a company handle confidential information of its customers?",
    "Write a policy on the handling of confidential documents.", "Confidentiality, integrity and availability are the three goals of information security.", "The witness spoke on condition of confidentiality.",
    "Is attorney-client privilege waived when an email is forwarded?", "Confidential computing protects data in use with hardware enclaves.", "What is TLP and when was it introduced?", "How long must a password be according to NIST?",
    "The user should change the password every 90 days.", "Password managers store secrets encrypted with a master key.", "Explain what a social security number is and who issues it.", "How is the check digit of an IBAN computed?",
    "How do I validate a credit card number with the Luhn formula in Python?", "Our passport renewal took six weeks.", "What documents do I need for a driver's license in Ohio?", "Which fields does a medical record usually contain?",
    "Rotate the API key every quarter and keep it in a vault.", "The secret to good coffee is fresh beans.", "He kept the recipe secret for 30 years.", "The restricted area opens at 9.", "Restricted stock units vest over four years.", "Translate 'strictly confidential' into French.",
    "The token limit of the model is 128000.", "Please call the function with the phone parameter set to null.", "The bank account feature ships in version 4.2.1.", "Birthdays are stored in the column date_of_birth.", "Summarize the GDPR rules on processing of health data.",
    "They signed the NDA on 12 March 2024.", "Insider trading means trading on material non-public information.", "What is the difference between top secret and secret clearance?", "Add a column named ssn to the users table.", "Our address book has 300 entries.", "This is not confidential.",
    "The document is no longer classified.", "Write a function that masks e-mail addresses in logs.",
]
TALK_ZH = ["什么是商业秘密？请举例说明。", "保密协议一般包括哪些条款？", "请介绍机密计算的原理。", "公司应如何保护内部资料？", "身份证号码的校验码如何计算？", "密码学中的对称加密是什么？", "请写一份保密制度。", "密码长度应至少8位。", "如何办理护照？需要多长时间？", "秘密花园是一本什么书？", "银行卡丢了怎么办？", "手机号码归属地查询的原理是什么？", "绝密飞行这部电影好看吗？", "信息安全的三要素是机密性、完整性和可用性。", "驾驶证到期了怎么换？", "病历应该保存多少年？"]
TALK_OTHER = {"de": ["Was bedeutet „vertraulich“ in einem Vertrag?", "Wie lang muss ein Passwort sein?", "Die Kontonummer steht auf der Karte."], "fr": ["Que signifie « confidentiel » dans un contrat ?", "Quelle longueur doit avoir un mot de passe ?"], "es": ["¿Qué significa «confidencial» en un contrato?", "¿Cuántos caracteres debe tener una contraseña?"], "ja": ["機密情報の管理方法を教えてください。", "パスワードは何文字必要ですか。"], "ko": ["기밀 정보란 무엇인가요?", "비밀번호는 몇 자여야 하나요?"], "ru": ["Что означает слово «конфиденциально» в договоре?", "Какой длины должен быть пароль?"]}


def numbers(rng):
    """One text with a number that is no identifier."""
    r = rng
    n = lambda k: digits(r, k, "123456789")
    return r.choice([
        lambda: f"Where is my order {n(9)}? It was shipped on 2024-0{r.randrange(1, 9)}-1{r.randrange(9)}.",
        lambda: f"Order number: {n(10)}, invoice INV-{n(6)}, total 1,249.00 EUR", lambda: f"Tracking number 1Z{alnum(r, 6, string.ascii_uppercase)}{n(10)} says delivered.",
        lambda: f"The request id is {uuid.UUID(int=r.getrandbits(128))}.", lambda: f"commit {alnum(r, 40, '0123456789abcdef')} broke the build", lambda: f"sha256:{alnum(r, 64, '0123456789abcdef')}",
        lambda: f"md5 {alnum(r, 32, '0123456789abcdef')}  backup.tar.gz", lambda: f"Upgrade from version {r.randrange(9)}.{r.randrange(30)}.{r.randrange(99)} to {r.randrange(9)}.{r.randrange(30)}.0.{r.randrange(999)}",
        lambda: f"timestamp 17{n(8)} and 17{n(11)} differ", lambda: f"2024-0{r.randrange(1, 9)}-1{r.randrange(9)}T1{r.randrange(9)}:2{r.randrange(9)}:4{r.randrange(9)}.{n(6)}Z ERROR worker {n(3)} failed after {n(5)} ms",
        lambda: f"ISBN 978-{r.randrange(9)}-{n(3)}-{n(5)}-{r.randrange(9)} is out of print", lambda: f"Ticket #{n(7)} is a duplicate of #{n(7)}", lambda: f"The population grew from {n(8)} to {n(8)}.", lambda: f"Coordinates 48.{n(6)}, 11.{n(6)}",
        lambda: f"Part no. {alnum(r, 3, string.ascii_uppercase)}-{n(5)}-{n(2)} is back in stock", lambda: f"SKU {n(8)}, EAN 40{n(11)}", lambda: f"Serial {alnum(r, 12, string.ascii_uppercase + string.digits)}", lambda: f"Snowflake id 1{n(18)}",
        lambda: f"pi is 3.14159265358979323846 and e is 2.718281828459045", lambda: f"Flight LH{n(3)} on {r.randrange(1, 28)} May, booking {alnum(r, 6, string.ascii_uppercase)}", lambda: f"{n(2)}% of {n(4)} users in Q{r.randrange(1, 4)} 202{r.randrange(5)}",
        lambda: f"The account balance is $12,{n(3)}.{n(2)} after {n(3)} days", lambda: f"color: #{alnum(r, 6, '0123456789abcdef')}; width: {n(4)}px", lambda: f"kernel 5.15.0-{n(3)}-generic on node-{n(4)}", lambda: f"Case {r.randrange(1, 9)}:{r.randrange(10, 24)}-cv-0{n(4)}, Docket No. {n(4)}",
        lambda: f"doi:10.{n(4)}/s{n(5)}-02{r.randrange(10)}-{n(5)}-{r.randrange(9)}", lambda: f"The lottery numbers were {r.randrange(9)}, 1{r.randrange(9)}, 2{r.randrange(9)}, 3{r.randrange(9)}, 4{r.randrange(9)}", lambda: f"job_id={n(8)} exit={r.randrange(3)} elapsed={n(6)}us",
        lambda: f"RFC {n(4)}, section {r.randrange(9)}.{r.randrange(9)}.{r.randrange(9)}", lambda: f"订单号{n(12)}什么时候发货？", lambda: f"快递单号SF{n(13)}已签收", lambda: f"发票代码{n(12)}，发票号码{n(8)}", lambda: f"版本号{r.randrange(9)}.{r.randrange(20)}.{r.randrange(99)}，构建{n(6)}",
        lambda: f"截至2024年，该市人口为{n(7)}人，GDP为{n(4)}亿元。", lambda: f"会议号{n(9)}，时间14:00-15:30", lambda: f"Bestellnummer {n(9)} wurde am 12.0{r.randrange(1, 9)}.2024 versandt.", lambda: f"Numéro de commande {n(10)}, livraison le 1{r.randrange(9)}/0{r.randrange(1, 9)}/2024.",
        lambda: f"Pedido {n(10)} enviado el 1{r.randrange(9)} de mayo.", lambda: f"注文番号{n(10)}の配送状況を教えてください。", lambda: f"주문번호 {n(10)} 배송 언제 되나요?", lambda: f"Заказ № {n(9)} ещё не доставлен.", lambda: f"matrix = [[{n(2)}, {n(2)}, {n(3)}], [{n(3)}, {n(2)}, {n(4)}]]",
        lambda: f"trace_id={alnum(r, 32, '0123456789abcdef')} span_id={alnum(r, 16, '0123456789abcdef')}", lambda: f"The part weighs {n(3)}.{n(3)} kg and costs {n(4)}.99", lambda: f"Meeting ID: {group(n(11), [3, 4, 4], ' ')}", lambda: f"s3://bucket-{n(5)}/2024/05/{n(8)}.parquet", lambda: f"Room {n(4)}, extension {n(4)}",
        lambda: f"batch {n(4)}-{n(4)}-{n(2)} passed the test", lambda: f"GET /v1/items/{n(9)}?page={n(2)} 200 {n(4)}", lambda: f"INSERT INTO orders (id, qty) VALUES ({n(9)}, {n(2)});", lambda: f"Chapter {n(2)}, page {n(3)}, line {n(2)}; see also 12-34-56",
    ])()


def documentation(rng):
    r = rng
    return r.choice([
        lambda: "Contact us at support@example.com or see https://docs.example.org/start.", lambda: "curl -H 'Authorization: Bearer YOUR_API_KEY' https://api.example.com/v1/items", lambda: "export OPENAI_API_KEY=sk-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", lambda: "aws_access_key_id = AKIAIOSFODNN7EXAMPLE",
        lambda: "password: <your-password>", lambda: "DB_PASSWORD=${DB_PASSWORD}", lambda: "postgres://user:password@localhost:5432/mydb", lambda: "mysql://<user>:<password>@<host>/<db>", lambda: "api_key = os.environ['API_KEY']", lambda: "const token = process.env.GITHUB_TOKEN;",
        lambda: "Use 192.0.2.1, 198.51.100.7 or 203.0.113.5 in documentation.", lambda: "ping 127.0.0.1 and ::1", lambda: "SSN format: XXX-XX-XXXX", lambda: "ssn: 000-00-0000", lambda: "phone: (555) 555-5555" if False else "phone: +1 (XXX) XXX-XXXX", lambda: "Enter your card number (0000 0000 0000 0000)",
        lambda: "stripe.api_key = 'sk_test_" + alnum(r, 24) + "'", lambda: "password = input('Password: ')", lambda: "if (password.length < 8) throw new Error('too short')", lambda: "SELECT password_hash FROM users WHERE id = 42", lambda: "-----BEGIN PUBLIC KEY-----\n" + alnum(r, 64) + "\n-----END PUBLIC KEY-----",
        lambda: "-----BEGIN CERTIFICATE-----\n" + "\n".join("MII" + alnum(r, 61) for _ in range(12)) + "\n-----END CERTIFICATE-----", lambda: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + alnum(r, 43) + " ci@build", lambda: "integrity=\"sha384-" + alnum(r, 64) + "\"", lambda: "<img src=\"/static/logo." + alnum(r, 8, "0123456789abcdef") + ".png\">",
        lambda: "secret: changeme", lambda: "token: null\npassword: \"\"", lambda: "username: admin\npassword: ********", lambda: "your-email@domain.com", lambda: "密码：******", lambda: "请输入密码：", lambda: "api_key: \"{{ vault.api_key }}\"", lambda: "password: !vault |", lambda: "The default password is set in the config file.",
        lambda: "def login(username: str, password: str) -> Token:", lambda: "client_secret=CLIENT_SECRET", lambda: "passwordPolicy: { minLength: 12, requireDigits: true }", lambda: "AWS_SECRET_ACCESS_KEY=<redacted>", lambda: "token_count: 15234", lambda: "key: value\nname: test\nid: 12345", lambda: "primary_key: 1048576", lambda: "public_key = " + alnum(r, 44),
        lambda: "eslint@8.57.0 and react@18.2.0 are pinned", lambda: "git clone git@github.com:acme/site.git", lambda: "@Override public void run() {}", lambda: "docker pull nginx@sha256:" + alnum(r, 64, "0123456789abcdef"), lambda: "00000000-0000-0000-0000-000000000000", lambda: "John Doe, 123 Main Street, Anytown" if False else "Jane Eyre is a novel by Charlotte Brontë.",
        lambda: "{\"type\":\"object\",\"properties\":{\"ssn\":{\"type\":\"string\",\"pattern\":\"^[0-9]{3}-[0-9]{2}-[0-9]{4}$\"},\"email\":{\"type\":\"string\"}}}", lambda: "CREATE TABLE users (id INT, email VARCHAR(255), phone VARCHAR(20), passport_no VARCHAR(12));", lambda: "re.compile(r'\\b\\d{3}-\\d{2}-\\d{4}\\b')",
        lambda: "name,email,phone\n,,\n", lambda: "[link](https://en.wikipedia.org/wiki/Social_Security_number)", lambda: "PATH=/usr/local/bin:/usr/bin:/bin", lambda: "http://localhost:8080/healthz", lambda: "sk_test_4eC39HqLyjWDarjtT1zdp7dc", lambda: "host=localhost port=5432 dbname=test user=postgres password=postgres",
    ])()


def logs(rng, lines):
    out = []
    for _ in range(lines):
        ident = uuid.UUID(int=rng.getrandbits(128))
        out.append(f'{{"ts":"2024-01-{rng.randrange(10, 28)}T10:{rng.randrange(10, 59)}:{rng.randrange(10, 59)}.{digits(rng, 3)}Z","level":"info","id":"{ident}","ms":{digits(rng, 4, "123")},"msg":"order {digits(rng, 7, "123456789")} shipped","sha":"{alnum(rng, 16, "0123456789abcdef")}","bytes":{digits(rng, 6, "123456789")}}}')
    return "\n".join(out)


def code(rng):
    a, b = rng.choice(["items", "users", "rows", "tokens"]), rng.choice(["total", "count", "result"])
    return rng.choice([
        f"def {b}_{a}(xs):\n    {b} = 0\n    for x in xs:\n        if x > {digits(rng, 3)}:\n            {b} += x * {digits(rng, 2)}\n    return {b}\n",
        f"fn main() {{\n    let {a}: Vec<u64> = vec![{digits(rng, 6, '123')}, {digits(rng, 9, '123')}];\n    println!(\"{{}}\", {a}.len());\n}}\n",
        f"SELECT {a}.id, COUNT(*) AS {b} FROM {a} WHERE created_at > '2024-01-01' GROUP BY 1 LIMIT {digits(rng, 3, '123')};",
        f"const {a} = await fetch(`/api/{a}?limit={digits(rng, 2, '123')}`).then(r => r.json());\nexport default {a};\n",
        f"apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {a}-{digits(rng, 4)}\nspec:\n  replicas: 3\n  template:\n    spec:\n      containers:\n        - image: registry.k8s.io/{a}:v1.{digits(rng, 2)}.{digits(rng, 1)}\n",
    ])
