//! What values are called in two dozen languages: words beyond those that stand in the detectors' own
//! files, a line for each kind and language. Words are parted by `|`, in small letters.
//!
//! A word that begins with `~` also ends longer ones, as German, Dutch and the Scandinavian languages
//! build them: `~passwort` names a value in "WLAN-Passwort" and in "Zugangspasswort". One that ends with `~` is
//! a stem that endings may follow, as Slavic languages, Turkish, Finnish and Hungarian have them.

use super::Label;

macro_rules! vocabulary {
    ($($label:ident { $($words:literal)* })*) => {
        /// Kinds of values with lists of what they are called.
        const WORDS: &[(Label, &[&str])] = &[$((Label::$label, &[$($words),*])),*];
    };
}

/// Words of so many letters stand in other languages for something else; they name a value, but do not
/// keep a word further away from naming it.
pub(super) const SHORT_MAX: usize = 4;

/// Words for numbers that are nothing sensitive: orders, invoices, parcels, serial numbers.
pub(super) fn others() -> impl Iterator<Item = &'static str> {
    OTHERS.iter().flat_map(|line| line.split('|'))
}

const OTHERS: &[&str] = &[
    "fedex|birth rate|birth rates|birth control|birth weight|birth order|model|social media|social network|social networks|social post|social club|social work|social science|ups|usps|dhl|royal mail|hermes|dpd|gls|canada post|auspost|order number|order no|order no.|order #|invoice number|invoice no|invoice no.|tracking number|tracking no|tracking id|serial number|serial no|serial no.|confirmation number|confirmation code|ticket number|case number|part no.|item number|item no|lot number|lot no|batch number|purchase order|po no|quote number|receipt|receipt number|waybill|consignment|flight number|booking reference|booking code|gate|seat|article number|article no|catalog number|product code|model number|document no|version number|build number|reference number|ref no|ref. no|error code|exit code|status code|http status|record locator|asin|gtin|catalogue|edition|volume|paragraph|section|article|verse|latitude|longitude|coordinates|frequency|baud|resolution",
    "顺丰|圆通|中通|韵达|申通|京东快递|单号|订单编号|订单号码|发票号码|发票代码|快递单号|运单号|物流单号|提单号|合同编号|合同号|工单号|工单|流水|交易号|交易流水|批次号|批号|产品编号|产品型号|型号|货号|商品编号|版本号|房间号|房号|航班号|航班|车次|座位号|会议id|期刊号|书号|条形码|文号|案号|门票|票号|错误码|错误代码|坐标|经度|纬度|页码|行号|端口|端口号|运单编号|訂單編號|訂單|發票號碼|貨號",
    "bestellnr|bestellnr.|bestell-nr|bestell-nr.|auftragsnummer|auftrag|auftrags-nr|rechnungsnr|rechnungs-nr|rechnungs-nr.|sendungsnummer|sendung|paketnummer|artikelnummer|artikel-nr|artikel-nr.|seriennummer|serien-nr|vorgangsnummer|vorgang|aktenzeichen|lieferschein|lieferscheinnummer|buchungsnummer|buchungscode|vertragsnummer|ticketnummer|teilenummer|versionsnummer|chargennummer|zimmernummer|belegnummer|angebotsnummer|flugnummer",
    "n° de commande|numéro de commande|numéro de facture|n° de facture|numéro de suivi|n° de suivi|suivi|colis|référence produit|référence|réf|réf.|numéro de série|n° de série|bon de commande|numéro de ticket|dossier de réservation|numéro de réservation|réservation|numéro de vol|numéro de contrat|numéro d'article|numéro de lot|devis",
    "número de pedido|nº de pedido|número de factura|nº de factura|número de seguimiento|seguimiento|envío|referencia|número de serie|nº de serie|número de reserva|reserva|número de vuelo|número de lote|albarán|presupuesto|número de expediente judicial|incidencia|número de incidencia|guía|número de guía",
    "numero d'ordine|numero ordine|n. ordine|numero fattura|n. fattura|numero di serie|numero seriale|codice articolo|codice di tracciamento|tracciamento|spedizione|numero di spedizione|numero di lotto|preventivo|prenotazione|codice prenotazione|numero volo|riferimento|numero pratica",
    "número do pedido|nº do pedido|encomenda|número da encomenda|nota fiscal|nota fiscal nº|fatura|número da fatura|código de rastreio|rastreio|código de rastreamento|número de série|nº de série|referência|reserva|número do voo|número do lote|orçamento|protocolo|número de protocolo",
    "bestelnummer|bestelnr|ordernummer|factuurnummer|factuurnr|factuur|artikelnummer|artikelnr|serienummer|volgnummer|zendingnummer|zending|pakketnummer|reserveringsnummer|boekingsnummer|vluchtnummer|offertenummer|referentie|kenmerk|partijnummer|onderdeelnummer",
    "numer zamówienia|nr zamówienia|zamówienia|numer faktury|nr faktury|faktura|faktury|numer przesyłki|nr przesyłki|przesyłki|paczki|numer paczki|numer seryjny|nr seryjny|numer partii|numer rezerwacji|numer referencyjny|numer lotu|numer sprawy|sygnatura|numer katalogowy",
    "номер заказа|заказа|заказ №|номер накладной|накладная|накладной|трек-номер|трек номер|трек|артикул|серийный номер|номер счёта-фактуры|номер посылки|посылка|номер брони|бронь|номер рейса|рейс|номер партии|номер договора|договор №|номер дела|инвентарный номер|версия|номер версии|замовлення|номер замовлення",
    "注文id|請求書番号|請求書|追跡番号|お問い合わせ番号|伝票番号|型番|製造番号|シリアル番号|会議id|品番|商品番号|予約番号|便名|部屋番号|郵便番号|管理番号|バージョン|ロット番号|整理番号|受付番号|見積番号",
    "주문 번호|송장번호|송장 번호|운송장|운송장 번호|운송장번호|모델명|모델번호|회의 id|시리얼 번호|시리얼번호|일련번호|예약번호|예약 번호|접수번호|상품번호|품번|편명|버전|우편번호|배송번호|인보이스",
    "رقم الطلب|رقم الفاتورة|الفاتورة|رقم الشحنة|الشحنة|رقم التتبع|رقم التذكرة|التذكرة|الرقم التسلسلي|رقم الحجز|رقم الرحلة|رقم الإصدار|رقم المنتج|رقم العقد|الرمز البريدي",
    "sipariş numarası|sipariş no|fatura no|fatura numarası|fatura|kargo takip|kargo takip no|takip numarası|kargo|seri no|seri numarası|parti no|ürün kodu|stok kodu|rezervasyon|rezervasyon no|uçuş no|bilet no|sözleşme no|posta kodu|sürüm",
    "ऑर्डर|ऑर्डर नंबर|ऑर्डर संख्या|बिल|बिल संख्या|बिल नंबर|चालान|ट्रैकिंग|ट्रैकिंग नंबर|टिकट|पीएनआर|बुकिंग|सीरियल नंबर|क्रम संख्या|पिन कोड",
    "mã đơn hàng|mã đơn|đơn hàng số|số hóa đơn|hóa đơn|mã vận đơn|vận đơn|mã sản phẩm|số sê-ri|số seri|mã đặt chỗ|mã đặt phòng|số hợp đồng|phiên bản|chuyến bay|mã bưu điện|mã lô",
    "ordernr|fakturanummer|fakturanr|faktura|kollinummer|kolli|spårningsnummer|serienr|bokningsnummer|bokning|artikelnr|ärendenummer|ärende|referensnummer|flightnummer|partinummer|postnummer|ordrenummer|sporingsnummer|varenummer|sagsnummer|bestillingsnummer|tilausnumero|laskunumero|seurantanumero|sarjanumero",
    "nomor pesanan|no. pesanan|pesanan|nomor faktur|faktur|nomor resi|no. resi|resi|nomor seri|nomor invoice|nomor tiket|kode booking|nomor penerbangan|kode pos|versi|nomor kontrak",
    "číslo objednávky|objednávka|objednávky|číslo faktury|sledovací číslo|sériové číslo|rendelésszám|számlaszáma|nyomkövetési szám|sorozatszám|număr comandă|comanda|număr factură|αριθμός παραγγελίας|παραγγελία|τιμολόγιο|מספר הזמנה|חשבונית|broj narudžbe|broj računa fakture|номер на поръчка|поръчка|หมายเลขคำสั่งซื้อ|เลขพัสดุ|شماره سفارش|অর্ডার নম্বর",
];

/// Every word for values of these kinds.
pub(super) fn of(labels: &[Label]) -> impl Iterator<Item = &'static str> {
    WORDS
        .iter()
        .filter(|(label, _)| labels.contains(label))
        .flat_map(|(_, lines)| lines.iter().flat_map(|line| line.split('|')))
}

vocabulary! {
    ContactPhoneNumber {
        "new number|neue nummer|nouveau numéro|nuevo número|nuovo numero|novo número|nieuw nummer|nowy numer|новый номер|новый телефон|yeni numara|नया नंबर|số mới|nytt nummer|nomor baru|新号码|新手机号|新しい番号|새 번호|رقم جديد|الرقم الجديد"
        "telefonszám~|telefonum~|numeru telefonu|numerem telefonu|puhelinnumero~|телефон~|τηλεφών~|numărul meu de telefon|mobilszám~|הטלפון|הנייד|मोबाइल का नंबर|फ़ोन का नंबर"
        "best number|te1|daytime number|daytime phone|evening phone|home phone|work phone|office phone|emergency contact|emergency contact number|callback number|call back number|call-back|cell no|cell #|mobile #|phone #|phone num|tel no.|tel #|direct line|direct dial|switchboard|call or text|text or call|text him|text her|text them|ring me|ring her|ring him|ring us|give me a ring|phone me|phone her|phone him|on my cell|reached at|reachable at|reachable on|reach him|reach her|his number|her number|their number|our number|personal number is|contact tel|contact phone|customer phone|msisdn|caller id|callerid|voicemail|imessage|facetime|her cell|his cell|work cell"
        "联系号码|本人电话|本人手机|常用手机|备用电话|紧急联系人电话|紧急联系电话|家庭电话|办公电话|单位电话|回电|打给我|打我电话|我的号码|电话是|手机是|预留手机|预留手机号|绑定手机|绑定手机号|注册手机|注册手机号|收货电话|客户电话|短信发到|呼叫|分机"
        "~telefonnummer|~rufnummer|~mobilnummer|~handynummer|rückrufnummer|telefonisch|festnetz|festnetznummer|mobiltelefon|mobil erreichbar|erreichen sie mich|erreichst du mich|erreichbar|ruf mich an|rufen sie mich|meine nummer|seine nummer|ihre nummer|durchwahl|notfallkontakt|notfallnummer|tel.-nr.|handy-nr|handy-nr.|tel. privat|fon"
        "n° de téléphone|n° tél|numéro de tél|numéro de mobile|tél. mobile|tél. portable|tél. fixe|ligne directe|mon numéro|son numéro|appelez-moi|appelle-moi|appelez le|rappelez-moi|rappelez le|joindre|contactez-moi|téléphonez|n° de portable|numéro d'urgence|portable est|mobile :"
        "tfno|tfno.|tlfno|nº de teléfono|nº móvil|número móvil|número de móvil|número de celular|mi número|su número|mi celular|teléfono fijo|teléfono de contacto|llame al|llamar al|me llaman al|contáctame|whatsapp al"
        "numero di cellulare|num. tel|num. telefono|n. telefono|n. cellulare|recapito|recapito telefonico|telefono fisso|il mio numero|mio numero|il suo numero|chiamami al|chiami al|mi chiami al|cell."
        "número de telefone|número de celular|nº de telefone|nº de telemóvel|meu número|seu número|meu celular|telefone fixo|telefone de contato|telefone de contacto|contato|contacto|ligue para|me liga no"
        "mobiel nummer|mobiele nummer|06-nummer|telefoonnr|tel.nr.|mijn nummer|zijn nummer|haar nummer|bereikbaar op|bereikbaar onder|te bereiken op|bellen op|bel mij op|bel naar|vast nummer|noodnummer"
        "nr telefonu|nr tel.|nr kom.|tel. kom.|tel. kontaktowy|telefon kontaktowy|telefon komórkowy|numer komórki|mój numer|jej numer|jego numer|proszę dzwonić pod|kontakt tel|zadzwonić|oddzwonić"
        "мобильный телефон|контактный телефон|телефон для связи|номер мобильного|сотовый|сотовый телефон|мой номер|его номер|её номер|ее номер|позвоните|перезвоните|звонить по|по номеру|тел.:|моб.|телефона|телефону|домашний телефон|рабочий телефон|мой телефон"
        "номер телефону|мобільний|мій номер|телефонуйте|зателефонуйте"
        "電話番号は|携帯電話番号|携帯の番号|ケータイ|自宅電話|緊急連絡先|ご連絡先|私の番号|折返し先|折り返し先|電話して|固定電話|ファックス|fax番号"
        "휴대폰 번호|핸드폰 번호|휴대폰번호|핸드폰번호|제 번호|내 번호|전화 번호|연락 주세요|비상연락처|집전화|회신번호|휴대전화 번호|폰번호"
        "رقم الجوال|رقم الموبايل|رقم المحمول|المحمول|رقم التواصل|للتواصل|اتصلوا|اتصل بي|رقم هاتفي|هاتفي|جوالي|رقم جوالي|الهاتف المحمول|هاتف العمل"
        "cep no|cep telefonum|cep numarası|cep numaram|telefonum|telefon no|telefon numaram|numaram|iletişim numarası|irtibat|irtibat no|sabit telefon|gsm|gsm no|beni arayın|ulaşabilirsiniz"
        "फ़ोन नम्बर|फोन नंबर|मोबाइल नम्बर|संपर्क नंबर|संपर्क नम्बर|मेरा नंबर|मोबाइल नं|मोबाइल नं.|दूरभाष|व्हाट्सएप नंबर|व्हाट्सऐप"
        "số đt|số di động|số phone|số của tôi|số máy|số liên lạc|gọi cho tôi|gọi số|hotline cá nhân|đt"
        "mitt nummer|mobilnr|mobilen|ring mig på|nås på|nå mig|telefonnr|hemtelefon|direktnummer|mobilnummeret|mit nummer|nummeret mitt|telefonnummeret|ring på|puhelinnumero|puhelinnumeroni|numeroni"
        "nomor telpon|nomor telp|no. hp|no.hp|no. telp|no. telepon|no. wa|nomor whatsapp|nomor saya|nomor ponsel|ponsel|telpon|hp saya|nomor hape|nombor telefon|no. tel|no. telefon"
        "τηλεφώνου|τηλέφωνό|κινητού|το κινητό μου|מספר טלפון|הטלפון שלי|מספר נייד|пишите на|telefonszámom|mobilszám|număr de telefon|numărul meu|telefonní číslo|tel. číslo|moje číslo|číslo telefonu|broj mobitela|телефонен номер|เบอร์โทร|เบอร์|เบอร์มือถือ|ফোন নম্বর|মোবাইল|தொலைபேசி|شماره تلفن|شماره موبایل|تلفن"
    }
    IdentityPassport {
        "reisepass~|paszpor~|паспорт~|pasaport~|pașaport~|útlevel~|útlevél~|passini|passini numero|pasu|mého pasu|הדרכון|διαβατηρί~|पासपोर्ट का नंबर|護照的號碼"
        "travel document no|pasport|passprt|pass port no|travel document no.|travel document number|passport details|passport num|pp no|pp no.|pp number|ppt no|identity card no|identity card number|id card no|id card number|national id card no|laissez-passer|resident permit|residence permit|residence permit no|residence card"
        "护照号是|旅行证号|因私护照|公务护照|外国人居留证|居留证号|居留许可|永居证|外国人永久居留身份证|军人证|士兵证|警官证"
        "pass-nr.|ausweis|ausweis-nr|ausweis-nr.|personalausweis-nr|personalausweis-nr.|perso-nummer|ausweisnr|reisepass-nr.|reisedokument|aufenthaltstitel|aufenthaltstitelnummer"
        "n° passeport|n° du passeport|no de passeport|numéro du passeport|carte d'identité|carte d’identité|n° de carte d'identité|n° cni|cni|titre de séjour|n° de titre de séjour"
        "pasaporte nº|pasaporte n.º|n.º de pasaporte|nro de pasaporte|nro. de pasaporte|documento de viaje|permiso de residencia"
        "passaporto n.|passaporto n|numero di passaporto|numero del passaporto|n. passaporto|carta di identità|carta identità n|documento di viaggio|permesso di soggiorno"
        "passaporte nº|passaporte n.º|nº do passaporte|n.º do passaporte|cartão de cidadão|cartão do cidadão|autorização de residência|bilhete de identidade"
        "paspoortnr|paspoort nr|paspoort nr.|paspoort-nr|id-kaart|id-kaartnummer|identiteitskaart|identiteitskaartnummer|verblijfsdocument"
        "nr paszportu|paszport nr|nr dowodu|nr dowodu osobistego|seria i numer dowodu|dowodu osobistego|dowód nr|karta pobytu"
        "номер паспорта|паспорт №|паспорта|паспортные данные|серия и номер паспорта|серия и номер|загранпаспорта|паспортом|вид на жительство|номер загранпаспорта"
        "паспорта громадянина|закордонний паспорт"
        "パスポートno|旅券の番号|在留カード|在留カード番号|パスポートナンバー"
        "여권 번호|여권번호는|외국인등록증"
        "رقم جواز السفر|رقم الجواز|جواز سفري|رقم وثيقة السفر|رقم جواز سفري"
        "pasaport numarası|pasaport numaram|pasaport numarasi|pasaportum|seyahat belgesi"
        "पासपोर्ट नंबर|पासपोर्ट नम्बर|पासपोर्ट संख्या|पासपोर्ट नं"
        "số hộ chiếu|hộ chiếu số|số passport|mã hộ chiếu"
        "passets nummer|pass nummer|passnr.|pasnummer|passinumero|id-kortsnummer|nationellt id-kort"
        "nomor paspor|no. paspor|no paspor|paspor|nombor pasport|no. pasport|pasport"
        "číslo pasu|číslo cestovného pasu|číslo občanského průkazu|občanský průkaz|občiansky preukaz|útlevélszám|útlevél száma|személyi igazolvány|număr pașaport|pașaport|seria ci|αριθμός διαβατηρίου|διαβατήριο|αριθμός ταυτότητας|номер на паспорт|лична карта|broj putovnice|broj pasoša|מספר דרכון|דרכון|หนังสือเดินทาง|เลขที่หนังสือเดินทาง|شماره پاسپورت|পাসপোর্ট নম্বর|கடவுச்சீட்டு"
    }
    IdentityDriverLicense {
        "führerschein~|rijbewijs~|ehliyet~|sürücü belge~|ajokort~|körkort~|jogosítvány~|водительского удостоверен~|водительским удостоверен~|prawem jazdy|řidičsk~"
        "driver license|licence holder|license holder|licence holder's number|driver lisence|driver's lisence|drivers lisence|driving lisence|lisence|drivers licence|driver's license|drivers license|driver licence|driver's licence|driving licence|driving license|dl no|dl no.|dl number|dl #|dl#|dln|driver's lic|licence number|license number|driver licence number|driving permit|operator license"
        "驾驶证号|驾驶证号码|驾照号|驾照号码|驾驶证编号|驾照编号"
        "führerscheinnummer|führerscheinnr|führerscheinnr.|fahrerlaubnis|fahrerlaubnisnummer"
        "permis de conduire|numéro de permis|numéro de permis de conduire|n° de permis|n° de permis de conduire|permis no"
        "licencia de conducir|número de licencia|número de licencia de conducir|carnet de conducir|permiso de conducir|licencia de manejo|licencia de conductor|brevete"
        "patente di guida|numero patente|numero di patente|numero della patente|patente n°|n. patente|patente nr"
        "carteira de motorista|carta de condução|carta de condução nº|número da carta de condução|cnh|número da cnh|nº cnh|habilitação|carteira de habilitação"
        "rijbewijsnummer|rijbewijs|rijbewijs nr.|rijbewijsnr|nummer rijbewijs"
        "prawo jazdy|prawa jazdy|numer prawa jazdy|nr prawa jazdy|seria i numer prawa jazdy"
        "водительское удостоверение|водительских прав|номер водительского удостоверения|номер водительских прав|водительского удостоверения|в/у|посвідчення водія"
        "運転免許証|運転免許証番号|免許証番号|免許証の番号|免許番号は"
        "면허증 번호|운전면허 번호|면허번호는|운전면허증 번호|운전면허증"
        "رقم رخصة القيادة|رقم الرخصة|رخصة قيادة|رخصتي"
        "ehliyet no|ehliyet numarası|ehliyet numaram|sürücü belgesi no|sürücü belgesi numarası|sürücü belge no"
        "ड्राइविंग लाइसेंस नंबर|लाइसेंस नंबर|ड्राइविंग लाइसेंस संख्या|डीएल नंबर|चालक लाइसेंस"
        "số giấy phép lái xe|số bằng lái|bằng lái số|bằng lái xe|số gplx|gplx"
        "körkortsnr|körkort nr|førerkortnummer|kørekort|kørekortnummer|ajokortin numero"
        "nomor sim|no. sim|no sim|sim saya|nomor surat izin mengemudi|lesen memandu"
        "číslo řidičského průkazu|řidičský průkaz|vodičský preukaz|jogosítvány|vezetői engedély|permis de conducere|άδεια οδήγησης|αριθμός διπλώματος|רישיון נהיגה|ใบขับขี่|свидетелство за управление|vozačka dozvola|گواهینامه رانندگی|ড্রাইভিং লাইসেন্স"
    }
    FinancialBankAccount {
        "hesab~|rachunk~|számlaszám~|bankszámla~|tilinumero~|खाते का नंबर|खाते|החשבון|счёт~|счет~|рахунк~|bankkont~"
        "bank acct #|bank acct no|bank account no|bank account number|bank account no.|checking acct|savings acct|checking account number|savings account number|account num|acct num|acct number|account nr|payee account|beneficiary a/c|credit to account|debit account|settlement account|trust account|escrow account|nuban|bank details"
        "银行账号是|对公账号|公司账号|个人账户|结算账户|打款账号|打款到|转账到|汇款账号|汇款到|退款账号|基本户|账户号|账户号码|存折号|收款人账号|收款账号|付款账号|銀行帳戶|戶口號碼|銀行戶口"
        "~kontonummer|~kontonr|konto nr.|kontonr.|bankkontonr|auf das konto|auf mein konto|girokontonummer|sparkonto|bankverb."
        "n° de cpte|numéro du compte|compte courant|compte chèque|compte épargne|numéro de compte bancaire|n° compte bancaire|au compte"
        "nº cuenta|n.º de cuenta|nro de cuenta|nro. de cuenta|no. de cuenta|cuenta de ahorros|cuenta de cheques|cuenta clabe|cbu|cvu|cci|número de cuenta bancaria"
        "numero del conto|numero di conto corrente|conto corrente n.|conto corrente n|conto n°|c/c|c/c n.|sul conto"
        "nº da conta|conta|minha conta|n.º da conta|número de conta|conta poupança|conta bancária nº|conta nº|c/c nº|nib|número de conta bancária"
        "bankrekeningnummer|rekeningnr|rek.nr.|rek. nr|op rekening|naar rekening|banknummer"
        "nr rachunku|numer rachunku|numer rachunku bankowego|rachunku bankowego|rachunku|na konto|nr konta bankowego|numer konta bankowego|nrb"
        "расчётный счёт|расч. счет|счёт получателя|счет получателя|счёт №|счет №|номер расчётного счёта|р/сч|на счет|на счёт|банковский счёт|лицевой счёт|лицевой счет|корр. счёт|счёта"
        "номер рахунку|рахунок|р/р|банківський рахунок"
        "銀行口座|銀行口座番号|口座番号は|振込先口座|普通口座|口座no|預金口座|通帳番号"
        "은행 계좌|계좌 번호|계좌번호는|입금 계좌|환불 계좌|송금 계좌|통장 번호|통장번호"
        "الحساب البنكي|حسابي البنكي|رقم الحساب البنكي|الحساب المصرفي|رقم حسابي|رقم حساب|حساب رقم"
        "hesap numaram|banka hesap no|banka hesap numarası|hesabıma|hesap numarası|banka hesabım"
        "बैंक खाता संख्या|बैंक खाता नंबर|खाता नम्बर|खाता क्रमांक|मेरा खाता|बैंक अकाउंट|अकाउंट नंबर|खाते में"
        "số tk|tài khoản số|số tài khoản ngân hàng|stk ngân hàng|tk ngân hàng|tài khoản"
        "bankkontonr|kontonummret|kontonummeret|kontonummer er|bankkonto nr|mitt konto|reg.nr. konto|tilinumero|tilinumeroni|bankgiro|plusgiro|postgiro"
        "no. rekening|no rekening|rekening nomor|rek.|no. rek|norek|rekening saya|nombor akaun|no. akaun|akaun bank|va number|virtual account"
        "číslo účtu|bankovní účet|bankový účet|bankszámlaszám|számlaszám|cont bancar|număr de cont|αριθμός λογαριασμού|τραπεζικός λογαριασμός|מספר חשבון|חשבון בנק|broj računa|žiro račun|банкова сметка|หมายเลขบัญชี|บัญชีธนาคาร|شماره حساب|হিসাব নম্বর"
    }
    PersonDateOfBirth {
        "daty urodzenia|datą urodzenia|датой рождения|даты рождения|дате рождения|doğum tarih~|geburtsdatum~|születés~|syntymäai~|dată naștere|fødselsdat~|födelsedat~"
        "d.o.b:|d0b|dob:|date of birth:|b-day|birth day|birth-date|date-of-birth|born in|birth year|birthdate is|patient dob|person born"
        "生日是|出生年月日|出生时间|生辰|农历生日|阳历生日|出生於"
        "geb|geboren wurde|gebdatum|geburtsdat|geburtsdat.|geburtstag ist|geborene|geborener"
        "date naissance|date de naiss.|né(e)|né(e) le|né(e) :|naiss.|anniversaire|jj de naissance"
        "nacido el|nació el|nacida el|f. nacimiento|f.nac.|f. nac.|cumpleaños|fecha nacimiento"
        "data nascita|è nato|è nata|nacque|d. nascita|nato/a il|nato/a|compleanno|nata/o il"
        "nascido em|nasceu|nasceu em|nasceu a|nascida em|data de nasc.|d. nasc.|aniversário|nasc.|data nascimento"
        "geb.dat.|geboren:|verjaardag|geb.dat"
        "data ur.|urodziła się|urodził się|urodziła|urodził|data ur|ur. dnia|urodzony dnia|urodzona dnia|urodziny|urodzin|dacie urodzenia"
        "д.р.|др|дата рожд.|дата рожд|г.р.|г. р.|день рождения|рожд.|родилась|дату рождения|народився|народилася"
        "生まれた日|お誕生日|生年月日は|誕生日は"
        "생년월일은|년생|생일은|태어난 날|출생일|출생 연월일|생년 월일"
        "تاريخ ميلادي|ولدت بتاريخ|ولد بتاريخ|وُلد|ولدت|تاريخ ولادة|تاريخ الولادة|ولد في|ولدت في|المولود في|المولودة في"
        "doğum tarihim|d. tarihi|d.tarihi|doğum günü|doğum günüm|doğdu|doğdum"
        "जन्म दिनांक|जन्मदिन|जन्म की तारीख|जन्म तारीख|पैदा हुआ"
        "sinh năm|sinh ngày|sinh nhật|ngày tháng năm sinh|ngày/tháng/năm sinh|ns:"
        "född den|föddes|fødtes|födelsedag|födelsedata|födelsetid|født|født den|fødselsdag|fødselsdata|fødselsdatoen|syntymäpäivä|syntynyt"
        "tempat/tanggal lahir|tempat tanggal lahir|ttl|ttl:|tgl.lahir|hari lahir|ulang tahun"
        "datum nar.|narodil se|narodila se|született|s-a născut|dat. nar.|narozena|narodený|narodená|született|szül.|szül. idő|născut|născută|data nasterii|γεννημένος|γεννηθείς|ημ. γέννησης|נולד|נולדה|ת. לידה|rođen|rođena|datum rođenja|роден|родена|дата на раждане|วันเดือนปีเกิด|เกิดวันที่|تاریخ تولد|متولد|জন্ম তারিখ|பிறந்த தேதி"
    }
    SecretPassword {
        "şifre~|parola~|hasł~|парол~|salasana~|jelsz~|hesl~|lozink~|sandi~|contraseñ~|κωδικ~|הסיסמה"
        "host key|host pin|meeting passcode|current password|new password|old password|temp password|temporary password|initial password|default password|master password|admin password|root password|sudo password|service password|database password|wifi password|wi-fi password|wpa key|wpa2 key|network key|wifi key|pre-shared key|psk|login pw|my pw|unlock code|unlock pin|lock code|pass:|pwd:|pw:|passcode:|passw|passwrd|psswd|user pass|db pwd|dbpw|db_pw|upwd|auth password|bind password|keystore password|truststore password|smtp password|ftp password|vpn password|zip password|archive password|pdf password|bios password|security answer|secret answer|memorable word|pin is|atm pin|card pin|sim pin|puk|puk code|voicemail pin|master key phrase"
        "初始密码|默认密码|临时密码|新密码|旧密码|密码是|密码为|密码改成|账户密码|邮箱密码|数据库密码|服务器密码|管理员密码|wifi密码|无线密码|解压密码|压缩包密码|锁屏密码|支付宝密码|取款密码|查询密码|交易密码|保险箱密码|门锁密码|口令是|登陆密码|登錄密碼|登入密碼|通行码"
        "~passwort|~kennwort|~passwörter|zugangswort|losungswort|pin-code|geheimzahl|geheimnummer|sperrcode|entsperrcode|pw lautet|wlan-schlüssel|netzwerkschlüssel|~zugangscode|einmalpasswort"
        "code secret|code pin|code wifi|clé wifi|clé wi-fi|mots de passe|mot de passe est|mdp:|mdp :|passe est|mot-clé secret|code confidentiel|code d'accès est|phrase secrète"
        "clave de acceso|clave wifi|clave del wifi|clave secreta de acceso|contraseña es|la clave es|mi clave|palabra clave secreta|código pin|código de seguridad|clave de usuario|pass es|contra es"
        "parola d'ordine|parola d’ordine|parola chiave segreta|codice pin|codice di accesso|codice segreto|password è|pwd è|credenziali:|chiave wifi|chiave wi-fi|codice di sblocco"
        "palavra-passe|palavra passe|senha é|minha senha|senha do|senha de acesso|código pin|código de acesso|chave wifi|senha wifi|frase secreta|chave de acesso"
        "~wachtwoord|~wachtwoorden|~wachtzin|pincode|toegangscode|inlogcode|wifi-code|wifi-sleutel|wachtwoord is"
        "hasło dostępu|hasło dostępowe|hasło to|hasłem jest|hasło:|hasła do|kod pin|kod dostępu|kod do|klucz wi-fi|moje hasło"
        "пароль от|пароль для|пароль к|пароль:|паролю|паролем|пароля|мой пароль|пин-код|пин код|пинкод|код от|код подъезда|код домофона|пасс|парольная фраза|кодовое слово|пароль входа"
        "パスワードは|ログインパスワード|初期パスワード|仮パスワード|pw:|パス:|パスは|暗証番号は|解除コード|合言葉"
        "접속 암호|접속암호|비밀번호는|비번은|비번이|암호는|초기 비밀번호|임시 비밀번호|로그인 비밀번호|와이파이 비번|와이파이 비밀번호|핀번호|pin번호"
        "كلمة مرور|كلمة سر|الباسورد|باسورد|الرقم السري هو|كلمة المرور هي|كلمة السر هي|رمز الدخول|كلمة مروري|باسوورد"
        "giriş şifresi|wifi şifresi|şifre:|şifresini|şifreyi|parolası|parolayı|geçici şifre|pin kodu|erişim kodu|giriş kodu"
        "पासवर्ड है|पासवर्ड:|कूटशब्द|गुप्त कोड|पिन|पिन कोड नंबर|वाईफाई पासवर्ड"
        "mật khẩu là|mật mã|mã pin|mk:|mk là|pass là|pass:|mật khẩu wifi|mã bảo mật"
        "~lösenord|~lösenordet|~lösenordet är|~adgangskode|~adgangskoden|~kodeord|~passord|~passordet|~salasana|pinkod|inloggningskod|kod till|portkod|dørkode|lösen"
        "kata sandinya|sandinya|sandi wifi|kata sandi:|password-nya|passwordnya|pin atm|kode akses|kata laluan:|kata kunci"
        "heslo k|heslo na|heslo je|hesla k|jelszó:|jelszavam:|a jelszó|belépési kód|parola este|parola:|parola pentru|parolei|κωδικός πρόσβασης|κωδικό πρόσβασης|κωδικός:|ο κωδικός|הסיסמה|סיסמה:|הסיסמה היא|lozinka je|lozinka za|паролата|парола за|пароль до|รหัสผ่านคือ|รหัสลับ|رمز ورود|رمز عبور:|পাসওয়ার্ড হল|கடவுச்சொல்"
    }
    SecretApiKey {
        "secret access key|api secret key|apikey is|api key is|private key|private_key|privatekey|private token|deploy key|deployment key|integration key|integration token|webhook token|service token|service key|session cookie|auth cookie|sso token|saml secret|signing secret key|shared secret|shared access key|sas key|storage key|storage account key|account secret|app token|app password|application secret|application key|vault token|ci token|registry token|api credentials|rest key|publish token|push token|sync key|machine token|root token|admin token|admin key|user token|license secret|encryption secret|hash salt|secret salt|oauth token|oauth secret|oauth_token|oauth_token_secret|oauthtoken|clientkey|client key|consumer key|consumer secret|access key secret|secret id|secretid|secret_id|tokensecret|token_secret|x-auth-token|x-access-token|x-token|xsrf-token|auth-key|authkey|authorization|hmac key|wrapping key|kms key|bot secret|app-secret|app-key|signkey|sign key|passkey id|pat token"
        "私有密钥|接口密钥|接口令牌|密钥是|密钥为|访问令牌是|令牌是|令牌为|秘钥是|秘钥为|签名密钥|加密密钥|应用密钥|开发者密钥|商户密钥|支付密钥|机器人密钥|授权码|授权密钥|访问密钥是|appkey是|accesskey是|金鑰|存取金鑰|存取權杖"
        "api-schlüssel|~api-schlüssel|geheimer schlüssel|geheimen schlüssel|geheimschlüssel|zugriffstoken|zugriffsschlüssel|zugangstoken|zugangsschlüssel|~zugriffstoken|client-geheimnis|anwendungsgeheimnis|signaturschlüssel|verschlüsselungsschlüssel|lizenzschlüssel|privater schlüssel|token lautet"
        "clé d'accès|clé d’accès|clé secrète|clé privée|clé d'api|clé de l'api|clé de chiffrement|clé de signature|jeton d'accès|jeton d’accès|jeton secret|jeton d'api|secret client|secret du client"
        "clave de api|clave api|clave secreta|clave privada|clave de acceso api|clave de cifrado|token de acceso|token secreto|token de api|secreto del cliente|secreto de cliente|llave api|llave de api|llave secreta"
        "chiave api|chiave segreta|chiave privata|chiave di accesso|chiave dell'api|chiave di cifratura|token di accesso|token segreto|token api|segreto del client"
        "chave de api|chave da api|chave api|chave secreta|chave privada|chave de acesso|token de acesso|token da api|token secreto|segredo do cliente|chave de criptografia"
        "api-sleutel|~api-sleutel|geheime sleutel|privésleutel|toegangssleutel|toegangstoken|~toegangstoken|clientgeheim|versleutelingssleutel"
        "klucz api|klucz tajny|tajny klucz|klucz prywatny|klucz dostępu|klucza api|token dostępu|token dostępowy|token api|sekret klienta|klucz szyfrowania|klucz sekretny"
        "api-ключ|ключ api|апи ключ|секретный ключ|секретного ключа|приватный ключ|закрытый ключ|ключ доступа|токен доступа|токен:|токена|ключ шифрования|секрет клиента|токен бота|апи-ключ"
        "ключ доступу|таємний ключ|токен доступу"
        "apiキー|apiキーは|シークレットキー|アクセストークン|アクセスキー|秘密鍵|秘密キー|シークレット|クライアントシークレット|認証トークン|トークンは|暗号化キー"
        "api키|api 키는|액세스 토큰|액세스토큰|액세스 키|시크릿 키|시크릿키|비밀 키|비공개 키|인증 토큰|인증키|인증 키|클라이언트 시크릿|접근 토큰|서비스 키|토큰은"
        "مفتاح api|مفتاح الـ api|المفتاح السري|مفتاح سري|مفتاح الوصول|رمز الوصول|رمز api|المفتاح الخاص|توكن|التوكن|مفتاح الواجهة"
        "api anahtarı|api anahtarım|gizli anahtar|erişim anahtarı|erişim belirteci|erişim tokenı|özel anahtar|istemci sırrı|gizli token|şifreleme anahtarı"
        "api कुंजी|एपीआई की|एपीआई कुंजी|गुप्त कुंजी|एक्सेस टोकन|निजी कुंजी|सीक्रेट की|टोकन"
        "khóa api|khoá api|api key là|khóa bí mật|khoá bí mật|khóa truy cập|mã truy cập|mã thông báo|token truy cập|khóa riêng|mã token"
        "api-nyckel|~api-nyckel|hemlig nyckel|hemliga nyckeln|privat nyckel|åtkomstnyckel|åtkomsttoken|krypteringsnyckel|klienthemlighet|api-nøkkel|hemmelig nøkkel|api-nøgle|hemmelig nøgle|api-avain|salainen avain"
        "kunci api|kunci rahasia|token akses|kunci akses|kunci privat|token rahasia|kunci rahsia"
        "api klíč|tajný klíč|přístupový token|api kľúč|tajný kľúč|api kulcs|titkos kulcs|hozzáférési token|cheie api|cheia api|cheie secretă|κλειδί api|μυστικό κλειδί|מפתח api|מפתח סודי|api ključ|tajni ključ|api ключ|таен ключ|คีย์ api|کلید api|এপিআই কী"
    }
    FinancialCreditCard {
        "kreditkart~|kártyaszám~|kártya~|luottokort~|kartımın|karty kredytow~|карто~|הכרטיס"
        "card no|card no.|card #|card number|card num|cardno|card_no|card_number|credit card no|credit card number|cc no|cc #|cc num|debit card|debit card number|primary account number|payment card|card on file|bank card|gift card number"
        "信用卡号|信用卡卡号|信用卡号码|卡号是|我的卡号|借记卡号|銀行卡號|信用卡號|卡號"
        "kreditkarte|kreditkartennummer|kreditkartennr|kreditkarten-nr|kartennummer|karten-nr|bankkarte|karte nr|ec-karte|debitkarte|kartennr"
        "carte bancaire|carte bleue|carte de crédit|carte de paiement|numéro de carte|numéro de carte bancaire|n° de carte|n° carte|n° cb|carte n°|numéro de la carte|cb"
        "tarjeta|tarjeta de crédito|tarjeta de débito|número de tarjeta|nº de tarjeta|n.º de tarjeta|tarjeta nº|número de la tarjeta"
        "carta di credito|carta di debito|numero carta|numero della carta|numero di carta|n. carta|carta n.|bancomat"
        "cartão|cartão de crédito|cartão de débito|número do cartão|nº do cartão|cartão nº"
        "kaartnummer|creditcard|creditcardnummer|creditkaart|kredietkaart|bankpas|betaalkaart|creditcardnr"
        "numer karty|nr karty|karta kredytowa|karty kredytowej|karta płatnicza|numer karty kredytowej|karta debetowa"
        "номер карты|номер банковской карты|кредитная карта|кредитной карты|банковская карта|банковской карты|карта №|карты|картой|карта|номер картки|картка"
        "クレジットカード|クレジットカード番号|カード番号|クレカ|クレカ番号|カードno"
        "카드번호|카드 번호|신용카드|신용카드번호|신용카드 번호|체크카드"
        "رقم البطاقة|بطاقة الائتمان|رقم بطاقة الائتمان|البطاقة الائتمانية|بطاقتي|رقم بطاقتي|بطاقة ائتمان"
        "kart numarası|kart no|kredi kartı|kredi kartı numarası|kredi kartı no|kartım|kart numaram|banka kartı"
        "कार्ड नंबर|कार्ड नम्बर|क्रेडिट कार्ड|डेबिट कार्ड|क्रेडिट कार्ड नंबर|कार्ड संख्या"
        "số thẻ|số thẻ tín dụng|thẻ tín dụng|thẻ ghi nợ|thẻ ngân hàng|thẻ visa"
        "kortnummer|kortnumret|kreditkort|kreditkortnummer|betalkort|bankkort|kredittkort|kortnr|luottokortti|kortin numero|betalingskort"
        "nomor kartu|no. kartu|kartu kredit|kartu debit|nomor kartu kredit|kad kredit|nombor kad"
        "číslo karty|kreditní karta|platební karta|kreditná karta|kártyaszám|bankkártya|hitelkártya|număr card|numărul cardului|card de credit|αριθμός κάρτας|πιστωτική κάρτα|מספר כרטיס|כרטיס אשראי|broj kartice|kreditna kartica|номер на карта|кредитна карта|เลขบัตรเครดิต|หมายเลขบัตร|บัตรเครดิต|شماره کارت|کارت اعتباری|কার্ড নম্বর"
    }
    HealthMedicalRecord {
        "patient mrn|mrn no|mrn #|mrn:|medical record #|medical rec #|medical record id|patient identifier|patient ref|patient file|patient file no|chart id|emr id|emr no|ehr id|ehr number|encounter id|encounter number|encounter no|hospital mrn|health number|health id|uhid|ipd no|opd no|uhid no|insurance id|patient nr|accession number|specimen id"
        "病历编号|病历号码|病历本号|诊疗号|就诊编号|就诊卡|住院病历号|住院编号|门诊病历号|门诊编号|健康卡号|健康档案号|体检号|体检编号|检查号|检验号|病员号|病歷號|病歷號碼|医保编号|医保电脑号|患者号"
        "patienten-nr.|patienten nr|patienten nr.|patientennr|patientennr.|pat.-nr.|pat.-nr|pat-nr|pat.nr.|pat.-id|patientenakte|patientenaktennummer|patienten-id|fall-nr|fall-nr.|fallnr|aufnahmenummer|krankenakte|krankenaktennummer|krankenkassennummer|versicherten-nr"
        "ipp|n° ipp|numéro ipp|numéro de dossier patient|dossier patient|n° dossier patient|n° de dossier médical|numéro de séjour|identifiant patient|id patient|numéro d'admission|nda"
        "nº de historia|nº historia|n.º de historia|n.º historia clínica|historia clinica|hc nº|hc:|h.c.|nº de paciente|n.º de paciente|expediente médico|número de expediente|expediente clínico|id del paciente|identificador del paciente"
        "id paziente|numero paziente|cartella n|cartella clinica n.|numero cartella|numero cartella clinica|numero di cartella clinica|n. cartella|numero nosologico|nosologico|codice sanitario"
        "prontuário nº|nº do prontuário|n.º do prontuário|processo clínico|nº do processo clínico|n.º do processo clínico|número do processo|número do paciente|id do paciente|registro do paciente|número de utente|nº de utente|nº utente|cartão sus|cns"
        "patiëntennummer|patiëntnr|patiënt-id|patientnr|medisch dossier|ziekenhuisnummer|zorgnummer|polisnummer zorg"
        "nr pacjenta|id pacjenta|numer kartoteki|nr kartoteki|kartoteka|numer historii choroby|nr historii choroby|historia choroby|karta pacjenta|nr karty pacjenta|numer karty pacjenta|księga główna"
        "номер медицинской карты|медицинской карты|медкарта|медкарты|номер истории болезни|истории болезни|историю болезни|амбулаторная карта|номер амбулаторной карты|амбулаторной карты|карта пациента|карты пациента|id пациента|полис омс|номер полиса|и/б|медична картка|номер пацієнта"
        "患者id|保険証|保険証の番号|患者番号は|カルテno|カルテid|診療録番号|診察番号|診察カード番号|被保険者番号|保険証番号|入院番号"
        "차트번호|차트 번호|환자 번호|환자 id|환자id|등록 번호|병록번호|진료번호|진료 번호|입원번호|의무기록 번호"
        "رقم الملف الطبي|الملف الطبي|رقم السجل الطبي|رقم ملف المريض|ملف المريض|معرف المريض|رقم ملفي"
        "hasta no|hasta numaram|hasta numarası|hasta id|hasta dosya no|hasta dosya numarası|protokol numarası"
        "मरीज संख्या|मरीज़ संख्या|मरीज आईडी|मरीज़ आईडी|रोगी आईडी|रोगी क्रमांक|मरीज नंबर|मेडिकल रिकॉर्ड|मेडिकल रिकॉर्ड नंबर|यूएचआईडी"
        "số hồ sơ bệnh án|hồ sơ bệnh án|mã hồ sơ bệnh án|số bệnh án|bệnh án số|mã bệnh án|mã số bệnh nhân|số bệnh nhân|mã bn|mã y tế|mã thẻ bhyt|số thẻ bhyt"
        "patientnr|patient-nr|patientid|journalnr|journal nr|journal-nr|potilasnumero|pasientnummer|pasientnr|patientjournal"
        "nomor rekam medis|no. rekam medis|no rekam medis|rekam medis|no. rm|nomor rm|no rm|nomor pasien|no. pasien|id pasien|nomor bpjs|no. bpjs|no. kad pesakit"
        "číslo pacienta|číslo pojištěnce|beteg azonosító|taj szám|taj-szám|taj|număr fișă|fișa pacientului|αριθμός φακέλου|αριθμός ασθενούς|מספר תיק|תיק רפואי|מספר מטופל|broj pacijenta|broj kartona|номер на пациента|เลขที่ผู้ป่วย|شماره پرونده|রোগী আইডি"
    }
    BusinessEmployeeId {
        "табельн~|henkilöstönumero~"
        "employee nr|personnel no.|personnel id|staff no.|staff code|staff #|emp #|emp. no|emp. no.|emp number|empno|employee num|worker number|workday id|payroll id|badge id|badge no|associate id"
        "员工号码|职员编号|职工编号|工号是|工号为|员工id|人员编号|雇员编号|雇员号|員工編號|工號"
        "personalnr|personalnr.|personal-nr.|personal nr|mitarbeiter-nr|mitarbeiter-nr.|mitarbeiternr|mitarbeiter-id|stammnummer|pers.-nr|pers.-nr."
        "n° d'employé|numéro employé|numéro de matricule|n° matricule|numéro de salarié|identifiant salarié"
        "nº de empleado|n.º de empleado|número de nómina|número de legajo|id de empleado|código de empleado|nro de legajo"
        "numero dipendente|numero matricola|matricola n.|codice dipendente|id dipendente|n. matricola"
        "número de funcionário|nº de funcionário|matrícula funcional|número do funcionário|id do funcionário|código do funcionário|matrícula do servidor|nº mecanográfico|número mecanográfico"
        "personeelsnr|personeelsnr.|werknemersnummer|medewerkernummer|medewerker-id|stamnummer"
        "nr pracownika|numer ewidencyjny|nr ewidencyjny|id pracownika|numer kadrowy|numer służbowy|numer osobowy"
        "табельный №|таб. номер|таб. №|номер сотрудника|id сотрудника|табельного номера|табельным номером|личный номер сотрудника|табельний номер"
        "社員no|社員id|職員番号|スタッフ番号|従業員id|社員コード|職番"
        "직원번호|직원 번호|사원 번호|사번은|임직원 번호|직번|행번"
        "رقم الموظف|الرقم الوظيفي|رقم وظيفي|رقمي الوظيفي|معرف الموظف"
        "sicil numarası|sicil numaram|personel no|çalışan no|çalışan numarası|personel sicil no"
        "कर्मचारी संख्या|कर्मचारी आईडी|कर्मचारी क्रमांक|कर्मचारी कोड|एम्प्लॉई आईडी"
        "mã số nhân viên|mã nv|msnv|mã số nv|số hiệu nhân viên"
        "anställningsnr|anst.nr|anst nr|personalnr|medarbejdernummer|ansattnummer|ansattnr|medarbetarnummer|henkilöstönumero|työntekijänumero"
        "nomor induk karyawan|nik karyawan|nip|nomor pegawai|nomor karyawan|no. karyawan|id karyawan|nomor induk pegawai|no. pekerja"
        "osobní číslo|číslo zaměstnance|osobné číslo|törzsszám|dolgozói azonosító|marca angajat|αριθμός μητρώου|מספר עובד|matični broj zaposlenog|служебен номер|รหัสพนักงาน|شماره پرسنلی|কর্মচারী আইডি"
    }
    DeviceLicensePlate {
        "rejestracyjnym|numerze rejestracyjnym|plaka~|kennzeichen~|госномер~|rendszám~|rekisterinumero~"
        "plate #|reg|registered as|tag no|reg. no|reg. no.|registration no|registration mark|vrm|vrn|vehicle reg|number plate is|plates|car reg|licence plate no|rego|license tag|vehicle plate|vehicle number|car number"
        "车牌号是|车牌是|车牌为|车牌号为|牌照|牌照号|车辆号牌|车号|車牌|車牌號碼|車牌號"
        "kfz-kennzeichen|amtliches kennzeichen|autokennzeichen|kfz kennzeichen|kennz.|~kennzeichen|polizeiliches kennzeichen"
        "plaque minéralogique|n° d'immatriculation|numéro d'immatriculation|immatriculé|immatriculée|immat|immat.|plaque n°"
        "matrícula del coche|matrícula del vehículo|placas|placa del vehículo|placa vehicular|patente del vehículo"
        "targa auto|targato|targata|targa del veicolo|numero di targa|n. targa"
        "placa do carro|placa do veículo|placa nº|matrícula do veículo|matrícula do carro|matrícula da viatura"
        "kentekennummer|kentekenplaat|nummerplaat|met kenteken"
        "nr rejestracyjny|nr rej.|nr rej|tablice rejestracyjne|tablicach|numerze rejestracyjnym"
        "гос. номер|авто|машина|гос номер|госномера|госномером|гос. знак|номер автомобиля|номера машины|регистрационный знак|автомобиль номер|грз|номер авто|держномер"
        "車のナンバー|車両ナンバー|自動車登録番号"
        "차번호|차 번호|차량 번호|번호판은|자동차 번호|차량번호는"
        "رقم اللوحة|رقم السيارة|لوحة المركبة|رقم لوحة السيارة|لوحة رقم"
        "plaka no|plaka numarası|plakalı|plakası|plakam|araç plakası"
        "गाड़ी नंबर|गाड़ी का नंबर|वाहन नंबर|वाहन संख्या|नंबर प्लेट|गाड़ी संख्या|कार नंबर"
        "biển số xe|biển kiểm soát|bks|biển xe|biển số"
        "regnr|reg.nr|reg.nr.|registreringsnr|registreringsskylt|bilnummer|nummerplade|bilens nummer|rekisterinumero|kjennemerke|skiltnummer|indregistreringsnummer"
        "nomor polisi|plat|no. polisi|nopol|no. pol|plat nomor|nomor plat|plat mobil|plat motor|no. plat|nombor plat"
        "spz|státní poznávací značka|registrační značka|rz|evidenčné číslo|ečv|rendszám|număr de înmatriculare|nr. înmatriculare|αριθμός κυκλοφορίας|πινακίδα|מספר רכב|לוחית רישוי|registarske tablice|рег. номер|регистрационен номер|ทะเบียนรถ|เลขทะเบียน|پلاک|গাড়ির নম্বর"
    }
    DeviceImei {
        "*#06#|imei:|imei code|imei sv|手机imei|设备imei|设备串号|机身串号|序列号imei|imei-nummer|numéro imei|número imei|codice imei|imei番号|imei 번호|imei-код|رقم imei|imei numarası|imei-nr|nomor imei|số imei|imei नंबर|meid"
    }
    DeviceVin {
        "vin:|vin code|vin #|vehicle id number|chassis no|chassis no.|frame number|fahrzeug-identnummer|fahrgestellnr|fahrgestell-nr|fahrgestell-nr.|fin-nummer|fin:|n° de châssis|numéro de série du véhicule|número de bastidor|número de chasis|chasis|nº bastidor|numero di telaio|numero telaio|telaio n.|chassi|número do chassi|número do quadro|chassisnummer|numer vin|numer nadwozia|vin-код|вин|вин-код|номер кузова|номер шасси|車台番号|車体番号|차대번호|رقم الهيكل|رقم الشاسيه|şasi|şasi no|şasi numarası|चेसिस नंबर|số khung|chassinummer|stelnummer|understellsnummer|alustanumero|nomor rangka|no. rangka|alvázszám|číslo karoserie|serie șasiu"
    }
    NetworkIpAddress {
        "ip-adressen|adresses ip|direcciones ip|endereço ip|adres ip|ip-adres|айпи|ip адрес|ipアドレス|ip 주소|عنوان ip|ip adresi|आईपी|địa chỉ ip|ip-adress|alamat ip"
    }
    NetworkMacAddress {
        "mac-adresse|adresse mac|dirección mac|indirizzo mac|endereço mac|mac-adres|adres mac|mac-адрес|macアドレス|mac 주소|عنوان mac|mac adresi|địa chỉ mac|mac-adress|alamat mac|hardware address|hardware addr|physical address|wifi address|wi-fi address|ethernet address|bluetooth address|link-layer address|physische adresse|adresse physique|dirección física|wlan-mac"
    }
    FinancialIbanCode {
        "رقم الآيبان|آيبان|الآيبان|iban numarası|iban no|iban-nr|iban-nummer|国际银行账号"
    }
    IdentityUsSsn {
        "social|taxpayer id|taxpayer no|taxpayer number|taxpayer's number|tin|tax id|tax id number|tax_id|taxid|ssn/itin|ssn/ein|ssn no|ssn no.|ssn number|ssn:|socials|soc sec #|soc. sec. #|soc sec number|soc. sec. number|social sec no|social sec #|social sec. no.|social sec number|social insurance no|ss number is|ss no.|ss num|ssa number|ss card|social number|social sec num|employee ssn|spouse ssn|dependent ssn|seguro social número|numero de seguro social|美国社安号|社会安全号码|社安號碼"
    }
    IdentityUkNino {
        "ni number|ni no|ni no.|nino|national insurance|national insurance no|national insurance no.|national insurance number|ni:|ninumber|ni_number|nat ins no|nat. ins. no"
    }
    IdentityInAadhaar {
        "aadhaar|aadhar|adhaar|adhar|aadhaar no|aadhaar number|aadhar card|aadhaar card|uidai|uid|uid no|uid number|आधार|आधार नंबर|आधार संख्या|आधार कार्ड|ஆதார்|ఆధార్|আধার|આધાર|ಆಧಾರ್|ആധാർ"
    }
    IdentityInPan {
        "pan|pan no|pan no.|pan number|pan card|pan card no|permanent account number|पैन|पैन नंबर|पैन कार्ड"
    }
    IdentityEsDni {
        "dni|d.n.i.|dni nº|nif|n.i.f.|n.i.e.|documento nacional|documento de identidad|documento nacional de identidad|nº de documento|número de documento|doc. identidad|cédula|con documento"
    }
    IdentityItFiscalCode {
        "c.f.|cf|cod. fisc.|cod.fisc.|cod. fiscale|codice fisc.|codice fiscale è|tessera sanitaria"
    }
    IdentityFrNir {
        "sécu|numéro de sécu|n° de sécu|n° sécu|nir|numéro de sécurité sociale|n° de sécurité sociale|no de sécurité sociale|sécurité sociale|insee|numéro insee|nss|carte vitale|n° ss|n°ss|numéro ss"
    }
    IdentityDeTaxId {
        "steuer-id|steuerid|steuer id|idnr|id-nr|id-nr.|idnr.|steueridentifikationsnummer|steuerliche identifikationsnummer|steuer-identifikationsnummer|steuernummer|steuer-nr|steuer-nr.|identifikationsnummer|steuer-idnr|steuer-idnr.|tin"
    }
    IdentityBrCpf {
        "cpf|cpf nº|c.p.f.|nº do cpf|número do cpf|cpf/mf|cpf do|cadastro de pessoas físicas"
    }
    IdentityKrRrn {
        "주민번호|주민등록번호|주민등록 번호|주민 번호|주민번호는|외국인등록번호|외국인등록 번호|주민등록증|resident registration|rrn|resident registration number"
    }
    IdentityJpMyNumber {
        "マイナンバー|個人番号|マイナンバーは|マイナンバーカード|my number|individual number"
    }
    IdentitySgNric {
        "nric|fin|nric no|nric no.|nric/fin|fin no|ic no|ic no.|ic number|ic is|my ic|i/c|identity card no"
    }
    IdentityHkId {
        "hkid no|hkid no.|hkid number|hkic|h.k.i.d.|香港身份證|身分證|身分證號碼|香港身分證|香港身份证号|身份証|身份証號碼"
    }
    IdentityAuTfn {
        "tfn|tax file|tax file no|tax file number|t.f.n.|tfn no|tfn:"
    }
    IdentityCaSin {
        "sin|s.i.n.|sin no|sin #|sin number|social insurance|social insurance number|social insurance no|nas|n.a.s.|numéro d'assurance sociale|assurance sociale"
    }
    HealthUkNhs {
        "nhs|nhs no|nhs no.|nhs number|nhs #|nhs num|nhs id|nhs_number|nhsno|chi number"
    }
    HealthAuMedicare {
        "medicare|medicare no|medicare no.|medicare number|medicare card|medicare card no|medicare #"
    }
    HealthUsMbi {
        "mbi|medicare beneficiary|medicare id|medicare number|medicare beneficiary identifier|medicare no|medicare #|hicn"
    }
    IdentityNationalId {
        "identification no|identification number|identity no|identity no.|national id #|citizen number|personal code|personal no|personal no.|civil id|civil number|fiscal number|social security id"
        "bsn-nr|bsn nummer|bsn:|burgerservice nummer|burger service nummer|sofi-nummer"
        "nr pesel:|pesel:|numerem pesel|pesel nr|peselem"
        "personnumret är|pers.nr|pers.nr.|persnr|personnr.|personnummer är|fødselsnr|fødselsnr.|cpr nummer|cpr-nummeret|henkilötunnukseni on|sotu|henkilötunnusta"
        "tc kimlik|tc kimlik no|t.c. kimlik|t.c. kimlik no|kimlik numaram|tc kimlik numarası|tc kimlik numaram|tc numarası|tc no|t.c.|vatandaşlık numarası|kimlik numarasi|tckn:"
        "снилс:|снилс №|номер снилс|страховой номер|инн:|инн физлица|мой инн|номер инн|идентификационный номер|паспорт рб|иин"
        "số căn cước|số cccd|cccd số|số cmnd|cmnd|chứng minh nhân dân|cmnd/cccd|cccd/cmnd|số định danh|mã định danh|căn cước số"
        "nik:|nik saya|no. ktp saya|nomor induk kependudukan|no nik|ktp saya"
        "rg nº|cédula de identidad|cédula de ciudadanía|cédula|c.c.|nro de cédula|curp:|clave curp|rut:|r.u.t.|cuit|cuil|nº contribuinte|contribuinte|nif nº|n.º contribuinte|nif:"
        "rodné č.|r.č.|rč|személyi szám|adóazonosító|adóazonosító jel|cod personal|cnp:|egn|matični broj|jmbg|oib:|osebni dokument|emšo|isikukood:|asmens kodas:|personas kods|αφμ|α.φ.μ.|αδτ|δελτίο ταυτότητας|αμκα:"
        "เลขบัตร|เลขประจำตัว|เลขบัตรประจำตัวประชาชน|รหัสประชาชน|หมายเลขประจำตัวประชาชน"
        "رقم الهوية الوطنية|رقم الإقامة|رقم الاقامة|بطاقة الهوية|رقم بطاقة الهوية|رقم هويتي|الرقم الوطني|رقم البطاقة الشخصية|هوية رقم|کد ملی|شماره ملی"
        "מספר זהות|ת\"ז|מס' זהות|ת״ז|תז"
        "身分證統一編號|統一編號|統編|身分證字號是"
        "ahv nr|ahv:|numéro avs:|no avs|numero avs|svnr:|sv-nr|sv-nr.|sv nummer|sozialvers.-nr.|sozialversicherungsnr"
        "nº de la seguridad social|número de afiliación|nss|naf|nº afiliación|tarjeta sanitaria"
        "rijksregisternr|rijksregister|insz|niss|registre national n°|nn:"
    }
}
