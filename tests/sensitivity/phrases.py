"""How people name and mention such values, by language, and the names and addresses of people who don't exist."""

# label -> language -> what the value is called
NAMES = {
    "contact.email_address": {"en": ["email", "e-mail address", "mail", "contact email"], "zh": ["邮箱", "电子邮箱", "邮件地址"], "de": ["E-Mail", "Mailadresse"], "fr": ["e-mail", "adresse mail"], "es": ["correo electrónico", "correo"], "it": ["email", "posta elettronica"], "pt": ["e-mail", "correio eletrônico"], "nl": ["e-mailadres"], "pl": ["adres e-mail"], "ru": ["почта", "эл. почта"], "ja": ["メールアドレス"], "ko": ["이메일"], "ar": ["البريد الإلكتروني"], "tr": ["e-posta"], "hi": ["ईमेल"], "vi": ["email", "thư điện tử"], "sv": ["e-post"]},
    "contact.phone_number": {"en": ["phone", "phone number", "mobile", "cell", "telephone"], "zh": ["手机号", "电话", "联系电话", "手机"], "de": ["Telefon", "Telefonnummer", "Handynummer"], "fr": ["téléphone", "numéro de portable"], "es": ["teléfono", "móvil"], "it": ["telefono", "cellulare"], "pt": ["telefone", "celular"], "nl": ["telefoonnummer", "mobiel"], "pl": ["telefon", "numer telefonu"], "ru": ["телефон", "номер телефона"], "ja": ["電話番号", "携帯電話"], "ko": ["전화번호", "휴대폰"], "ar": ["رقم الهاتف", "الجوال"], "tr": ["telefon", "cep telefonu"], "hi": ["फ़ोन नंबर", "मोबाइल"], "vi": ["số điện thoại"], "sv": ["telefonnummer", "mobilnummer"]},
    "financial.credit_card": {"en": ["credit card", "card number", "Visa card", "card"], "zh": ["信用卡号", "信用卡"], "de": ["Kreditkarte", "Kreditkartennummer"], "fr": ["carte bancaire", "numéro de carte"], "es": ["tarjeta de crédito"], "it": ["carta di credito"], "pt": ["cartão de crédito"], "nl": ["creditcard"], "pl": ["karta kredytowa"], "ru": ["номер карты"], "ja": ["クレジットカード"], "ko": ["신용카드"], "ar": ["بطاقة الائتمان"], "tr": ["kredi kartı"], "hi": ["क्रेडिट कार्ड"], "vi": ["thẻ tín dụng"], "sv": ["kreditkort"]},
    "financial.iban_code": {"en": ["IBAN", "account (IBAN)"], "zh": ["IBAN", "国际银行账号"], "de": ["IBAN", "Bankverbindung"], "fr": ["IBAN"], "es": ["IBAN"], "it": ["IBAN"], "pt": ["IBAN"], "nl": ["IBAN", "rekeningnummer"], "pl": ["IBAN"], "ru": ["IBAN"], "ja": ["IBAN"], "ko": ["IBAN"], "ar": ["آيبان"], "tr": ["IBAN"], "hi": ["IBAN"], "vi": ["IBAN"], "sv": ["IBAN"]},
    "identity.passport": {"en": ["passport number", "passport no.", "passport"], "zh": ["护照号", "护照号码"], "de": ["Reisepass", "Passnummer"], "fr": ["passeport", "numéro de passeport"], "es": ["pasaporte", "número de pasaporte"], "it": ["passaporto"], "pt": ["passaporte"], "nl": ["paspoortnummer"], "pl": ["paszport", "numer paszportu"], "ru": ["паспорт", "загранпаспорт"], "ja": ["パスポート番号", "旅券番号"], "ko": ["여권번호"], "ar": ["رقم جواز السفر"], "tr": ["pasaport numarası"], "hi": ["पासपोर्ट नंबर"], "vi": ["số hộ chiếu"], "sv": ["passnummer"]},
    "person.date_of_birth": {"en": ["date of birth", "DOB", "birth date", "born on"], "zh": ["出生日期", "生日"], "de": ["Geburtsdatum", "geboren am"], "fr": ["date de naissance", "né le"], "es": ["fecha de nacimiento"], "it": ["data di nascita"], "pt": ["data de nascimento"], "nl": ["geboortedatum"], "pl": ["data urodzenia"], "ru": ["дата рождения"], "ja": ["生年月日"], "ko": ["생년월일"], "ar": ["تاريخ الميلاد"], "tr": ["doğum tarihi"], "hi": ["जन्म तिथि"], "vi": ["ngày sinh"], "sv": ["födelsedatum"]},
    "financial.bank_account": {"en": ["account number", "bank account", "acct no"], "zh": ["银行账号", "对公账户", "收款账号"], "de": ["Kontonummer"], "fr": ["numéro de compte", "compte bancaire"], "es": ["cuenta bancaria", "número de cuenta"], "it": ["conto corrente"], "pt": ["conta bancária", "conta corrente"], "nl": ["bankrekening"], "pl": ["numer konta", "rachunek bankowy"], "ru": ["расчётный счёт", "номер счета"], "ja": ["口座番号"], "ko": ["계좌번호"], "ar": ["رقم الحساب"], "tr": ["hesap numarası"], "hi": ["खाता संख्या"], "vi": ["số tài khoản"], "sv": ["kontonummer"]},
    "secret.password": {"en": ["password", "pwd", "passphrase", "login password"], "zh": ["密码", "登录密码", "口令"], "de": ["Passwort", "Kennwort"], "fr": ["mot de passe"], "es": ["contraseña", "clave"], "it": ["password"], "pt": ["senha"], "nl": ["wachtwoord"], "pl": ["hasło"], "ru": ["пароль"], "ja": ["パスワード"], "ko": ["비밀번호"], "ar": ["كلمة المرور"], "tr": ["şifre", "parola"], "hi": ["पासवर्ड"], "vi": ["mật khẩu"], "sv": ["lösenord"]},
    "identity.driver_license": {"en": ["driver's license", "driver license number", "DL number", "driving licence"], "zh": ["驾驶证号", "驾照号"], "de": ["Führerschein", "Führerscheinnummer"], "fr": ["permis de conduire"], "es": ["licencia de conducir"], "it": ["patente di guida"], "pt": ["carteira de motorista"]},
    "health.medical_record": {"en": ["MRN", "medical record number", "patient ID", "chart number"], "zh": ["病历号", "住院号", "门诊号"], "de": ["Patientennummer"], "fr": ["numéro de dossier médical"], "es": ["número de historia clínica"], "ja": ["カルテ番号", "患者番号"]},
    "business.employee_id": {"en": ["employee ID", "staff number", "employee number"], "zh": ["工号", "员工编号"], "de": ["Personalnummer"], "fr": ["matricule"], "es": ["número de empleado"]},
    "identity.us_ssn": {"en": ["SSN", "social security number", "social security no."], "zh": ["社会安全号"], "es": ["número de seguro social"]},
    "identity.us_itin": {"en": ["ITIN", "individual taxpayer identification number", "taxpayer ID"], "es": ["ITIN"]},
    "financial.aba_routing": {"en": ["routing number", "ABA routing", "ABA number", "bank routing no."]},
    "health.us_npi": {"en": ["NPI", "national provider identifier", "NPI number"]},
    "health.us_dea": {"en": ["DEA number", "DEA registration", "DEA #"]},
    "health.us_mbi": {"en": ["MBI", "Medicare beneficiary identifier", "Medicare ID", "Medicare number"]},
    "identity.cn_resident_id": {"zh": ["身份证号", "身份证", "公民身份号码"], "en": ["Chinese ID number", "resident ID card", "ID card number"]},
    "business.cn_uscc": {"zh": ["统一社会信用代码", "信用代码", "纳税人识别号"], "en": ["unified social credit code", "USCC"]},
    "identity.cn_hkmo_permit": {"zh": ["港澳通行证", "台胞证", "往来港澳通行证号", "回乡证"], "en": ["Home Return Permit", "Hong Kong/Macau permit"]},
    "device.license_plate": {"zh": ["车牌号", "车牌"], "en": ["license plate", "plate number", "registration plate"], "de": ["Kennzeichen"], "fr": ["plaque d'immatriculation"], "es": ["matrícula"]},
    "financial.cn_bank_card": {"zh": ["银行卡号", "储蓄卡", "卡号"], "en": ["UnionPay card", "bank card"]},
    "identity.de_tax_id": {"de": ["Steuer-ID", "Steueridentifikationsnummer", "IdNr."], "en": ["German tax ID", "Steuer-ID"]},
    "identity.es_dni": {"es": ["DNI", "NIE", "DNI/NIE"], "en": ["DNI", "Spanish DNI"]},
    "identity.fr_nir": {"fr": ["numéro de sécurité sociale", "NIR", "n° de sécu"], "en": ["French social security number", "NIR"]},
    "identity.it_fiscal_code": {"it": ["codice fiscale", "C.F."], "en": ["Italian fiscal code", "codice fiscale"]},
    "health.uk_nhs": {"en": ["NHS number", "NHS no", "NHS no."]},
    "identity.uk_nino": {"en": ["National Insurance number", "NINO", "NI number"]},
    "identity.in_aadhaar": {"en": ["Aadhaar", "Aadhaar number", "UIDAI number"], "hi": ["आधार", "आधार संख्या"]},
    "identity.in_pan": {"en": ["PAN", "PAN card", "permanent account number"], "hi": ["पैन", "पैन कार्ड"]},
    "business.in_gstin": {"en": ["GSTIN", "GST number"], "hi": ["जीएसटीआईएन"]},
    "identity.sg_nric": {"en": ["NRIC", "FIN", "NRIC number"]},
    "identity.jp_my_number": {"ja": ["マイナンバー", "個人番号"], "en": ["My Number", "individual number (My Number)"]},
    "identity.kr_rrn": {"ko": ["주민등록번호", "주민번호"], "en": ["RRN", "resident registration number"]},
    "identity.br_cpf": {"pt": ["CPF", "CPF nº"], "en": ["CPF", "Brazilian CPF"]},
    "identity.national_id": {"en": ["Thai national ID", "national ID number"], "pl": ["PESEL", "numer PESEL"], "nl": ["BSN", "burgerservicenummer"], "sv": ["personnummer"], "tr": ["TC kimlik no", "kimlik numarası"], "ru": ["СНИЛС"], "vi": ["căn cước công dân", "CCCD"]},
    "identity.au_tfn": {"en": ["TFN", "tax file number"]},
    "health.au_medicare": {"en": ["Medicare card", "Medicare number", "medicare card number"]},
    "identity.ca_sin": {"en": ["SIN", "social insurance number"], "fr": ["NAS", "numéro d'assurance sociale"]},
    "identity.hk_id": {"en": ["HKID", "Hong Kong ID", "HKID card"], "zh": ["香港身份证", "身份證號碼"]},
    "device.imei": {"en": ["IMEI", "IMEI number", "device IMEI"], "zh": ["IMEI", "手机串号"], "de": ["IMEI"]},
    "device.vin": {"en": ["VIN", "vehicle identification number"], "zh": ["车架号", "VIN码"], "de": ["Fahrgestellnummer"]},
    "network.ip_address": {"en": ["IP address", "server IP", "client IP"], "zh": ["IP地址"], "de": ["IP-Adresse"]},
    "network.mac_address": {"en": ["MAC address", "MAC"], "zh": ["MAC地址"]},
    "network.internal_host": {"en": ["host", "server", "hostname"], "zh": ["服务器"], "de": ["Server"]},
    "financial.crypto_address": {"en": ["wallet", "BTC address", "crypto wallet"], "zh": ["钱包地址"], "ru": ["кошелёк"]},
    "secret.api_key": {"en": ["API key", "token", "access key", "key"], "zh": ["密钥", "API密钥", "令牌"], "de": ["API-Schlüssel"], "fr": ["clé API"], "ru": ["ключ API"], "ja": ["APIキー"]},
    "secret.jwt": {"en": ["token", "JWT", "session token"], "zh": ["令牌"]},
    "secret.connection_string": {"en": ["connection string", "database URL", "DSN"], "zh": ["数据库连接串"], "de": ["Verbindungszeichenfolge"]},
}

# (language, sentence); {n} is what the value is called, {v} the value
SENTENCES = {
    "en": ["My {n} is {v}, can you check whether the form accepts it?", "{n}: {v}", "Please write a letter to the customer ({n} {v}).", "Update the record: {n} = {v}.", "The caller gave {v} as {n}.",
           "Hi team,\n\nsee below.\n{n}\n{v}\n\nThanks", "Draft a reply. Details - {n}: {v}; status: open.", "We store the {n} ({v}) in the CRM.", "Is {v} a valid {n}?", "Can you format this nicely? {n} {v}", "* {n}: `{v}`", "Her {n}: {v}. His is unknown."],
    "zh": ["我的{n}是{v}，请帮我看看。", "{n}：{v}", "客户的{n}为{v}，请起草一封邮件。", "请核对以下信息，{n}{v}。", "{v}是他的{n}。", "【客户资料】{n}:{v}，备注：无", "麻烦把{n}（{v}）更新一下", "{n}\n{v}"],
    "de": ["Meine {n} lautet {v}, bitte prüfen.", "{n}: {v}", "Bitte schreiben Sie dem Kunden ({n} {v}).", "Die {n} {v} wurde gestern gemeldet.", "{v} ist die {n} des Kunden."],
    "fr": ["Mon {n} est {v}, pouvez-vous vérifier ?", "{n} : {v}", "Rédige un courrier pour le client ({n} {v}).", "Le client a donné {v} comme {n}."],
    "es": ["Mi {n} es {v}, ¿puedes comprobarlo?", "{n}: {v}", "Redacta una carta para el cliente ({n} {v}).", "El cliente indicó {v} como {n}."],
    "it": ["Il mio {n} è {v}, puoi controllare?", "{n}: {v}", "Scrivi una lettera al cliente ({n} {v})."],
    "pt": ["Meu {n} é {v}, pode verificar?", "{n}: {v}", "Escreva ao cliente ({n} {v})."],
    "nl": ["Mijn {n} is {v}, klopt dat?", "{n}: {v}", "Schrijf de klant een brief ({n} {v})."],
    "pl": ["Mój {n} to {v}, proszę sprawdzić.", "{n}: {v}", "Napisz list do klienta ({n} {v})."],
    "ru": ["Мой {n}: {v}, проверьте, пожалуйста.", "{n} {v}", "Напишите письмо клиенту ({n} {v})."],
    "ja": ["私の{n}は{v}です。確認してください。", "{n}：{v}", "お客様の{n}（{v}）を更新してください。"],
    "ko": ["제 {n}는 {v}입니다. 확인해 주세요.", "{n}: {v}", "고객의 {n}({v})를 수정해 주세요."],
    "ar": ["{n} الخاص بي هو {v}، هل يمكنك التحقق؟", "{n}: {v}", "اكتب رسالة إلى العميل ({n} {v})."],
    "tr": ["Benim {n} {v}, kontrol eder misiniz?", "{n}: {v}", "Müşteriye mektup yaz ({n} {v})."],
    "hi": ["मेरा {n} {v} है, कृपया जाँच करें।", "{n}: {v}", "ग्राहक को पत्र लिखें ({n} {v})।"],
    "vi": ["{n} của tôi là {v}, vui lòng kiểm tra.", "{n}: {v}", "Viết thư cho khách hàng ({n} {v})."],
    "sv": ["Mitt {n} är {v}, kan du kontrollera?", "{n}: {v}", "Skriv ett brev till kunden ({n} {v})."],
}

PEOPLE = {
    "en": ["James Whitfield", "Maria Delgado", "Ethan Brooks", "Olivia Carter", "Noah Bennett", "Priya Raman", "Grace O'Neill", "Liam Foster"],
    "zh": ["张伟", "王秀英", "李娜", "刘洋", "陈静怡", "欧阳明", "赵子轩", "周杰"],
    "de": ["Hans Müller", "Sabine Krüger", "Jörg Schneider", "Lena Vogt"], "fr": ["Jean Dupont", "Camille Lefèvre", "Luc Moreau"],
    "es": ["Carlos Gómez", "Lucía Fernández"], "ja": ["田中太郎", "佐藤花子"], "ko": ["김민수", "이서연"], "ru": ["Иван Петров", "Ольга Смирнова"],
}
PERSON_TEMPLATES = {
    "en": ["Patient: {p}, room 12", "Dear Mr. {p},", "Full name: {p}", "Customer name: {p}", "My name is {p} and I need help.", "Ms {p} called this morning.", "Employee {p} asked for leave.", "Signed, Dr. {p}"],
    "zh": ["姓名：{p}", "客户{p}先生来电咨询", "收件人：{p}", "我叫{p}，想问一下", "联系人{p}", "患者{p}，女", "{p}女士您好"],
    "de": ["Name: {p}", "Sehr geehrter Herr {p},", "Kunde: {p}", "Frau {p} hat angerufen."], "fr": ["Nom : {p}", "Monsieur {p} a appelé.", "Je m'appelle {p}."],
    "es": ["Nombre: {p}", "Estimado Sr. {p}:", "Me llamo {p}."], "ja": ["氏名：{p}", "{p}様", "担当者：{p}さん"], "ko": ["이름: {p}", "{p}님 안녕하세요", "성명: {p}"],
    "ru": ["ФИО: {p}", "Меня зовут {p}.", "Клиент: {p}"],
}
ADDRESSES = {
    "en": ["742 Evergreen Terrace, Springfield, IL 62704", "1600 Maple Avenue Apt 4B, Austin, TX 78701", "221B Baker Street, London NW1 6XE", "15 Kingsway, Manchester M19 2LQ", "PO Box 1183, Boise, ID 83701",
           "88 North Main St., Concord, NH 03301", "5 Rue Court, Suite 300, Denver, CO 80202", "12 High Street, Oxford OX1 4DB", "9 Wattle Road, Richmond VIC 3121", "350 Fifth Ave, New York, NY 10118"],
    "zh": ["北京市朝阳区建国路88号院3号楼1502室", "上海市浦东新区世纪大道100号", "广东省深圳市南山区科技园南路12号", "杭州市西湖区文三路398号东信大厦B座", "四川省成都市武侯区人民南路四段27号", "江苏省南京市鼓楼区中山北路2号5单元301"],
    "de": ["Hauptstraße 12, 10115 Berlin", "Lindenweg 7a, 80331 München", "Am Markt 3, 50667 Köln", "Goethestr. 44, 60313 Frankfurt"],
    "fr": ["12 rue de la Paix, 75002 Paris", "8 avenue Victor Hugo, 69002 Lyon", "25 bis boulevard Voltaire, 13001 Marseille"],
    "es": ["Calle Mayor 5, 28013 Madrid", "Avenida Diagonal 211, 08018 Barcelona"], "it": ["Via Roma 21, 00184 Roma", "Corso Italia 9, 20122 Milano"],
    "pt": ["Rua Augusta 1500, 01304-001 São Paulo"], "nl": ["Keizersgracht 174, 1016 DW Amsterdam"], "ja": ["東京都千代田区丸の内1-9-1", "大阪府大阪市北区梅田3丁目1番3号"],
    "ko": ["서울특별시 강남구 테헤란로 152", "부산광역시 해운대구 센텀중앙로 79"], "ru": ["г. Москва, ул. Тверская, д. 7, кв. 12", "Санкт-Петербург, Невский проспект, дом 28"], "pl": ["ul. Marszałkowska 10/4, 00-590 Warszawa"],
}
ADDRESS_TEMPLATES = {
    "en": ["Ship to {a}.", "Address: {a}", "She lives at {a} and works nearby.", "Please send the invoice to {a}."], "zh": ["地址：{a}", "请寄到{a}，谢谢", "我住在{a}", "收货地址{a}"],
    "de": ["Adresse: {a}", "Er wohnt in {a}."], "fr": ["Adresse : {a}", "Livrez au {a}."], "es": ["Dirección: {a}", "Vive en {a}."], "it": ["Indirizzo: {a}"], "pt": ["Endereço: {a}"], "nl": ["Adres: {a}"],
    "ja": ["住所：{a}"], "ko": ["주소: {a}"], "ru": ["Адрес: {a}"], "pl": ["Adres: {a}"],
}
HANDLES = {"en": ["WeChat ID: {h}", "Telegram: @{h}", "my Skype is {h}", "Instagram handle @{h}", "Twitter: @{h}"], "zh": ["微信号：{h}", "QQ：{q}", "加我微信{h}", "QQ号{q}", "微博 @{h}"]}

MARKERS = {
    "marker.confidential": {
        "en": ["CONFIDENTIAL\n\n{t}", "Company Confidential - {t}", "INTERNAL USE ONLY. {t}", "{t}\n\nThis document is confidential and proprietary to Acme.", "Classification: Confidential\n{t}", "[Confidential] {t}", "NOT FOR DISTRIBUTION\n{t}", "TLP:AMBER\n{t}", "Subject: [CONFIDENTIAL] {t}", "{t} (under NDA, do not share outside the company)", "Attorney-Client Privileged\n{t}", "PRIVILEGED AND CONFIDENTIAL: {t}", "CUI//SP-PRVCY\n{t}", "File: Q3_forecast_CONFIDENTIAL.xlsx\n{t}", "Proprietary & Confidential\n{t}", "For internal use only\n\n{t}"],
        "zh": ["内部资料，注意保密\n{t}", "【内部文件】{t}", "仅供内部使用\n{t}", "{t}\n商业秘密，不得外传", "秘密★5年\n{t}", "密级：秘密\n{t}", "内部资料 严禁外传\n{t}"],
        "de": ["VERTRAULICH\n{t}", "Streng vertraulich: {t}" if False else "Vertraulich – {t}", "Nur für den internen Gebrauch\n{t}", "NUR FÜR DEN DIENSTGEBRAUCH\n{t}"], "fr": ["CONFIDENTIEL\n{t}", "Document confidentiel – {t}", "Usage interne uniquement\n{t}"],
        "es": ["CONFIDENCIAL\n{t}", "Uso interno exclusivamente\n{t}"], "ja": ["社外秘\n{t}", "【機密】{t}" if False else "【社外秘】{t}", "取扱注意 部外秘\n{t}"], "ko": ["대외비\n{t}", "사내 한정 기밀\n{t}"], "ru": ["КОНФИДЕНЦИАЛЬНО\n{t}", "Для служебного пользования\n{t}"], "it": ["RISERVATO\n{t}"], "pt": ["CONFIDENCIAL\n{t}"],
    },
    "marker.restricted": {
        "en": ["STRICTLY CONFIDENTIAL\n{t}", "TOP SECRET//SI//NOFORN\n{t}", "TLP:RED\n{t}", "Classification: Restricted\n{t}", "HIGHLY CONFIDENTIAL - {t}", "SECRET//NOFORN\n{t}", "MNPI - {t}", "Contains material non-public information. {t}", "RESTRICTED – board members only\n{t}"],
        "zh": ["绝密\n{t}", "【机密】{t}", "密级：机密\n{t}", "机密★10年\n{t}"], "de": ["STRENG VERTRAULICH\n{t}", "STRENG GEHEIM\n{t}"], "fr": ["STRICTEMENT CONFIDENTIEL\n{t}", "TRÈS SECRET\n{t}"],
        "es": ["ESTRICTAMENTE CONFIDENCIAL\n{t}"], "ja": ["極秘\n{t}", "【厳秘】{t}"], "ko": ["1급 기밀\n{t}", "극비\n{t}"], "ru": ["СТРОГО КОНФИДЕНЦИАЛЬНО\n{t}", "СОВЕРШЕННО СЕКРЕТНО\n{t}"], "it": ["STRETTAMENTE RISERVATO\n{t}"], "pt": ["ESTRITAMENTE CONFIDENCIAL\n{t}"],
    },
}

TOPICS = {
    "en": ["The plan for the next quarter is to move the support team to the new office.", "Revenue is expected to grow slower than in the last year.", "We discuss the merger on Thursday with both boards.", "Please summarize the notes of the meeting about the roadmap."],
    "zh": ["下季度计划将客服团队搬到新办公室。", "预计收入增速低于去年。", "周四与双方董事会讨论并购事宜。"], "de": ["Im nächsten Quartal zieht das Team in das neue Büro um.", "Der Umsatz wächst langsamer als im Vorjahr."],
    "fr": ["Le trimestre prochain, l'équipe déménage.", "Le chiffre d'affaires progresse moins vite."], "es": ["El próximo trimestre el equipo se muda.", "Los ingresos crecen menos."], "it": ["Il prossimo trimestre la squadra si trasferisce."], "pt": ["No próximo trimestre a equipe muda de escritório."],
    "ja": ["来期はサポートチームを新しいオフィスに移します。"], "ko": ["다음 분기에 지원팀을 새 사무실로 옮깁니다."], "ru": ["В следующем квартале команда переезжает."],
}
