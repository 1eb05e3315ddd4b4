"""Fields that can be extracted from a business text.

For each field: the entity it holds, its names in instructions, labels in key-value texts, and prose
clauses. Every fifth clause is held out for the "eval" rows. `{v}` is the value.
"""


class Field:
    """A named value in a business text."""

    def __init__(self, kind, names, labels, clauses):
        self.kind, self.names, self.labels = kind, names, labels
        self.clauses = [line.strip() for line in clauses.strip().splitlines()]


FIELDS = {
    "order_number": Field("order", ["order number", "order id", "order no.", "order reference", "number of the order", "order code", "order"],
        ["Order", "Order number", "Order no.", "Order ID", "Your order", "Order #", "Order ref"], """
        I am writing about [order|my order|order number] {v}.
        [My order|The order|Our order] {v} [has not arrived|is late|is incomplete|was cancelled].
        [The order number is|Order number:|My order number is|Order no.] {v}.
        [Thank you for your order|We confirm your order|We have shipped order] {v}.
        [This concerns|It is about|I refer to|Regarding] [order|the order|my order] {v}.
        [Please check|Could you check|Please look at] order {v}.
        I [placed|made] order {v} [last week|yesterday|online].
        [Order {v}|The order with the number {v}] [is ready|was packed today|is on its way].
        There is a problem with order {v}.
        We [received|got] your order {v} [today|yesterday|this morning].
        [I need help with|I want to cancel|I have a question on|Where is] [order|my order] {v}.
        [My order has the number|Our order number is|The number of my order is] {v}.
        [Please cancel|Please change|Please ship] [order|our order] {v} [today|soon|].
        [For order|In order|With order] {v} [one item is missing|we paid twice|nothing came].
        [Order number|Order no.|Order id] {v} [was placed online|is not complete|please].
        The [parcel|invoice|delivery] [belongs to|is for|concerns] order {v}."""),
    "invoice_number": Field("invoice", ["invoice number", "invoice no.", "invoice id", "number of the invoice", "invoice reference", "bill number", "invoice"],
        ["Invoice", "Invoice number", "Invoice no.", "Invoice ID", "Inv. no.", "Bill no."], """
        [Please find attached|Attached is|We send you] invoice {v}.
        Invoice {v} [is overdue|has not been paid|is still open|was paid].
        [We have paid|I have paid|We received the payment for] invoice {v}.
        The invoice number is {v}.
        [I have a question about|There is a mistake in|I do not understand] invoice {v}.
        [Please pay|Please settle|Kindly pay] invoice [number|no.|] {v}.
        [Please quote|Please state|Use] invoice number {v} [with your payment|when you pay].
        [This is a reminder for|Regarding|Concerning] [invoice|our invoice|the invoice] {v}.
        Our invoice {v} [was sent|was issued|went out] [last week|last month].
        [I cannot find|Please resend|Could you correct] invoice {v}.
        [I paid|You sent us|We need a copy of|Here is] invoice {v}.
        [The invoice|The bill|Our bill] has the number {v}.
        [Invoice no.|Invoice number|Bill no.] {v} [is attached|is wrong|was sent twice].
        [Please check|Please explain|Please cancel] [the invoice|invoice no.|invoice] {v}.
        [The amount on|The address on|The tax on] invoice {v} is [wrong|not correct].
        [We refer to|This is about|It concerns] [your invoice|invoice number|invoice] {v}."""),
    "tracking_number": Field("tracking", ["tracking number", "tracking code", "tracking id", "parcel number", "shipment number", "tracking no."],
        ["Tracking", "Tracking number", "Tracking no.", "Parcel no.", "Shipment no.", "Tracking ID"], """
        [The tracking number is|Tracking number:|Your tracking number is] {v}.
        You can [track|follow] the [parcel|package|shipment] with [the number|the code|number] {v}.
        The [parcel|package|shipment] {v} [left our warehouse|is on its way|was handed to the courier].
        [The courier gave us|We got|I have] the tracking code {v}.
        [Track|Follow] it [online|on the website] with [tracking number|code] {v}.
        It was [shipped|sent] with [tracking number|tracking id|tracking code] {v}.
        The parcel number is {v}.
        [Shipment|Parcel|Package] {v} [was delivered|is delayed|is at the depot].
        The tracking [page|website] for {v} [shows nothing|has no update].
        [Use|Please use] {v} to track [the parcel|your package].
        [My|Our] tracking number is {v}.
        [The tracking code|The parcel code|The shipment number] is {v}.
        [Where is|I am waiting for] [parcel|package|shipment] {v}?
        [It travels|It was posted|It left] with tracking number {v}.
        [Tracking number|Tracking code|Parcel number] {v} [does not work|is unknown|shows nothing].
        [Please track|Please find] [parcel|shipment|tracking number] {v}."""),
    "customer_number": Field("customer", ["customer number", "customer id", "client number", "customer no.", "account number"],
        ["Customer", "Customer number", "Customer no.", "Customer ID", "Client no.", "Account no."], """
        My customer number is {v}.
        [I am|We are] [a customer|registered] under [the number|customer number|account number] {v}.
        [Customer number|Client number|Account number]: {v}.
        You find us under customer [number|id] {v}.
        Our [client number|account number|customer id] with you is {v}.
        [Please use|Please quote|Always state] your customer number {v}.
        [The account|The customer account] {v} [is blocked|was opened|is active].
        [My|Our] account number is {v}.
        The [client|customer] has the number {v} [in our system|in the database].
        I [have|got] customer number {v}.
        [My|Our] [customer id|client number|customer no.] is {v}.
        [I am customer|We are customer] [number|no.|] {v}.
        [Customer|Client] {v} [called|has a question|wants a refund].
        [Look me up|You can find me] under [customer number|client number|customer id] {v}.
        [The customer number|The client id] on [the letter|my card] is {v}.
        Please [note|see] [my customer number|our account number] {v}."""),
    "ticket_number": Field("ticket", ["ticket number", "case number", "ticket id", "case id", "reference number", "support ticket"],
        ["Ticket", "Ticket number", "Case", "Case number", "Reference", "Ticket ID", "Our reference"], """
        [Your|The|My] [ticket|case] number is {v}.
        [We opened|I opened|We have created] [ticket|case] {v} [for you|for this|].
        [Ticket|Case] {v} [is still open|was closed|has been solved|waits for an answer].
        [Please mention|Please quote|Please keep] the [reference number|case number|ticket number] {v}.
        [I refer to|This is about|I have an update on] [ticket|case] {v}.
        [Our reference|The reference number|The reference] is {v}.
        I [wrote|called] last week, [case number|ticket number|reference number] {v}.
        [Support|The help desk] [gave me|assigned] [ticket|case] number {v}.
        The [case|ticket] [has the number|is filed under] {v}.
        [My|Our] [ticket|case|support ticket] is {v}.
        [Please close|Please reopen|Please look at|What about] [ticket|case] {v}.
        [It is about|I write about|Regarding] [support ticket|ticket number|case number|case] {v}.
        [You gave me|I was given|I got] [the reference number|ticket number|case number] {v}.
        [The reference|The case id|The ticket id] is {v}.
        [Ticket|Case] {v} [has no answer|is from last week|was closed too early]."""),
    "contract_number": Field("contract", ["contract number", "contract id", "agreement number", "contract no.", "policy number"],
        ["Contract", "Contract number", "Contract no.", "Agreement", "Policy no."], """
        [Our|My|The] contract number is {v}.
        I want to [cancel|end|extend|renew] contract {v}.
        Contract {v} [ends soon|was signed|is renewed every year|starts next month].
        [This concerns|It is about|I refer to] [contract|agreement|contract number] {v}.
        The [agreement|contract] has the number {v}.
        [We signed|We have] [contract|agreement] {v} [with you|last year].
        [The agreement|The contract] {v} [must be checked|needs a signature].
        [According to|Under] contract {v} [we pay monthly|delivery is free].
        The policy number is {v}.
        Please [check|find|look up] [contract|agreement] {v}.
        [My contract|Our contract|The agreement] [is number|has number|has the number] {v}.
        [Contract number|Contract no.|Agreement number]: {v}.
        [Please end|Please renew|I cancel|We extend] [contract|the contract|agreement] {v}.
        [The contract|Our agreement|The policy] {v} [is attached|runs for two years|was changed].
        [In contract|For contract] {v} [the price is wrong|a page is missing|we need a copy].
        [It belongs to|See|I refer to] contract [number|no.|] {v}."""),
    "purchase_order": Field("purchase", ["purchase order number", "PO number", "purchase order", "PO"],
        ["PO", "PO number", "Purchase order", "Your PO", "PO no."], """
        [Our purchase order is|The PO number is|Our PO number is] {v}.
        [Please deliver|Please supply] against purchase order {v}.
        Purchase order {v} [was approved|is attached|has been sent].
        [We refer to|This is about] [PO|purchase order] {v}.
        [Please print|Please put] PO {v} on [the invoice|all papers].
        [Attached is|Here is] [PO|purchase order] {v}.
        PO {v} [covers|includes] [the delivery|everything].
        We [raised|created] purchase order {v} [for this|yesterday].
        The [PO|purchase order] number {v} [is missing|must be on the invoice].
        [You will find|Find] our PO {v} [attached|in the portal].
        [The purchase order number|Our purchase order|The PO] is {v}.
        [This is|It is] for [purchase order|PO|PO number] {v}.
        [Please confirm|Please check|Please see] [PO|purchase order] {v}.
        [We sent you|You received] [PO|purchase order] {v}.
        [Purchase order|PO number|PO no.]: {v}.
        [Purchase order|PO] {v} [is open|was cancelled|was delivered]."""),
    "serial_number": Field("serial", ["serial number", "serial no.", "device number", "serial"],
        ["Serial number", "Serial no.", "S/N", "Device no."], """
        The serial number is {v}.
        The [device|machine|unit] [has the serial number|with serial number] {v} [is broken|does not start|needs service].
        Serial number: {v}.
        On the back it says serial no. {v}.
        [You find|There is] the serial number {v} on the [label|bottom].
        [My|Our] [device|machine] is number {v}.
        [Its|The] serial no. is {v}.
        I [registered|bought] the device with [serial number|serial no.] {v}.
        The [unit|machine] {v} [was repaired|is under warranty].
        [Its|My|The] serial number is {v}.
        [Serial no.|Serial|Device number] {v} [is written on the label|is on the back].
        The [device|machine|printer] [number|serial] is {v}.
        [Serial number|Serial no.] {v} [is broken|stopped working|needs repair].
        [I have|We own] the [device|machine] with the serial number {v}.
        [The label says|It says] serial number {v}."""),
    "total": Field("amount", ["total", "amount", "total amount", "amount due", "invoice amount", "sum", "total price", "price"],
        ["Total", "Amount", "Amount due", "Total amount", "Sum", "Grand total", "Price"], """
        The [total|total amount|amount due|sum|price] is {v}.
        [Please pay|Please transfer|You owe us|We owe you] {v}.
        [I paid|We paid|They paid|He paid] {v} [by card|in cash|by bank transfer|for it|in total].
        [My card was charged|The bank debited|I was charged] {v}.
        It [costs|cost] {v} [in total|including tax|with delivery].
        The [bill|invoice|order] comes to {v}.
        The [invoice|bill|quote] is for {v}.
        [A payment|An amount|A transfer] of {v} [is due|was received|is open|is missing].
        We [offer it for|can offer a price of] {v}.
        The [full|final] [amount|price|sum] [of|is] {v}[| including tax].
        [The total is|In total it is|The sum is|The amount is] {v}.
        [We pay|You pay|I have to pay|We have to pay] {v} [in total|for all of it|].
        The [order|bill|invoice] [total|amount] is {v}.
        [It was|It is|The price was] {v} [altogether|all in all|with tax].
        [Please transfer|I transferred|We sent] [the amount of|the sum of|a total of|] {v}.
        [The cost is|The costs are|The fee is|The charge is] {v}.
        [The amount of|A sum of] {v} [is open|was paid|is due].
        The [invoice|order|bill] [shows|has] a total of {v}."""),
    "order_date": Field("date", ["order date", "date of the order", "purchase date", "date of purchase"],
        ["Order date", "Ordered on", "Date of order", "Purchase date"], """
        I [ordered|bought] it on {v}.
        [The order was placed|It was ordered|We ordered] on {v}.
        [You ordered|They ordered] on {v}.
        The order date [was|is] {v}.
        The purchase was made on {v}.
        The order [dates from|is from|of] {v}.
        The [date of purchase|date of the order] is {v}.
        On {v} I [placed the order|ordered|bought it].
        We placed our order on {v}.
        It was [bought|purchased] on {v}.
        [I|We] [placed|made|sent] the order on {v}.
        [My order|Our order|The order] is from {v}.
        [Ordered|Bought|Purchased] on {v}.
        The [order|purchase] was [made|placed|done] on {v}.
        [The day of the order|The date of purchase|Our order date] was {v}.
        [I bought this|We bought the goods|She ordered] on {v}."""),
    "due_date": Field("date", ["due date", "payment date", "payment deadline", "deadline", "date when payment is due"],
        ["Due date", "Due", "Payable by", "Payment due", "Deadline", "Pay by"], """
        Payment is due [on|by] {v}.
        [Please pay|Please settle it|Kindly pay] by {v}.
        The [due date|deadline|payment deadline] is {v}.
        [The amount|The invoice|It] is due on {v}.
        [It must be paid|We expect your payment] [by|before|no later than] {v}.
        The deadline [ends|is] on {v}.
        You [have|have time] until {v} to pay.
        The [payment|amount] [must reach us|should arrive] by {v}.
        We need the money [by|before] {v}.
        The [invoice|bill] is payable by {v}.
        [The payment|The bill|The money] is due on {v}.
        [The last day to pay|The payment date|The deadline for payment] is {v}.
        [Pay|Please pay|Please transfer the money] [before|until|by|no later than] {v}.
        [Payment deadline|Due date]: {v}.
        [It has to be|It should be|The invoice must be] paid by {v}.
        [Payable|Due] [on|by|until] {v}."""),
    "delivery_date": Field("date", ["delivery date", "date of delivery", "arrival date", "delivery day"],
        ["Delivery date", "Delivery", "Arrives", "Expected delivery", "Delivered on"], """
        [Delivery is planned for|It will be delivered on|The delivery date is] {v}.
        [It arrived|The parcel arrived|The goods arrived] on {v}.
        You will [receive|get] it on {v}.
        [The parcel|The shipment|It] should [arrive|be delivered|be here] on {v}.
        We [deliver|expect delivery] on {v}.
        The delivery is [expected|scheduled] for {v}.
        The [goods|items|boxes] [were|will be] delivered on {v}.
        The courier [comes|will come|delivers] on {v}.
        It [was|will be] delivered on {v}.
        The [arrival|delivery] is set for {v}.
        [The delivery|Our delivery|My parcel] [comes|will come|arrives|arrived] on {v}.
        [Delivery date|Expected delivery]: {v}.
        [The date of delivery|The arrival date|Delivery day] is {v}.
        [You will have it|It will arrive|They deliver] [by|on] {v}.
        [Expect|You can expect] the [delivery|parcel] on {v}.
        [The goods|The boxes] [arrive|come|came] on {v}."""),
    "email": Field("email", ["e-mail address", "email", "email address", "e-mail", "contact email", "mail address"],
        ["Email", "E-mail", "Mail", "Contact", "Email address"], """
        [My|The|Our] [e-mail address|email|e-mail|email address] is {v}.
        [Please write to|You can write to|Contact me at|Please send it to|Mail us at] {v}.
        [Send|Please send] [the documents|the answer|the file|a copy] to {v}.
        [You can reach me at|I can be reached at|Reach us at] {v}.
        [Please reply to|Please answer to] {v}.
        I [registered|signed up] with {v}.
        [Write|Send a mail] to {v} [for details|with questions|if it fails].
        The account [belongs to|is registered to|uses] {v}.
        The [message|mail] came from {v}.
        [Contact|Ask] {v} [for help|for more information].
        [You can mail|Please mail|Email|Please email] me at {v}.
        [My new|My|Her|His] [email|e-mail|mail address] is {v}.
        [Send|Please send] [it|everything|the invoice] [by e-mail to|to] {v}.
        [The contact address|The contact|The e-mail] is {v}.
        [Use|Please use] {v} [to reach me|for all mails|as contact].
        [I write from|We write from|I got a mail from] {v}."""),
    "phone": Field("phone", ["phone number", "telephone number", "phone", "mobile number", "number to call", "contact number"],
        ["Phone", "Tel", "Tel.", "Mobile", "Telephone", "Call"], """
        [My|The|Our] [phone number|mobile number|number|telephone number] is {v}.
        [Please call|Call me at|Call us on|You can call] {v}.
        [You can reach me at|I can be reached on|Reach us by phone at] {v}.
        [Phone|Tel.|Mobile]: {v}.
        Please [ring|phone] me [on|under] {v}.
        The [hotline|number] is {v}.
        [My direct line|Our hotline|The direct line] is {v}.
        If you have questions, call {v}.
        I [answer|am available] on {v} [all day|until six].
        [Dial|Ring] {v} [for help|for support].
        [My|The|Her|His] [phone|mobile|telephone|new phone number] is {v}.
        [Call|Phone|Ring|Please call] [me|us|him|her] [at|on] {v}.
        [You get me|I am reachable|We are reachable] [at|on|under] {v}.
        [The phone number is|The number to call is|The telephone number is] {v}.
        [Please call back|Please call us back] [at|on] {v}.
        [Telephone|Mobile number|Phone number] {v}."""),
    "customer_name": Field("person", ["name of the customer", "customer name", "customer's name", "name", "name of the person", "person", "sender", "contact person"],
        ["Name", "Customer name", "Contact", "Contact person", "From", "Client"], """
        My name is {v}.
        [This is|I am] {v} [from the sales team|from accounting|writing about my account|and I need help].
        The customer [is|is called] {v}.
        [The contact person is|Please ask for|Your contact is] {v}.
        [The customer|Our client] {v} [called today|has a question|is not happy|wrote to us].
        {v} [wrote|called|asked|wants to know] [yesterday|today|about the delivery|when it arrives].
        [Please call|Please contact|Talk to] {v}.
        [I am writing for|The order is for|The parcel is for] {v}.
        The name [on the account|of the customer] is {v}.
        It was [ordered|signed|requested] by {v}.
        [I am called|My full name is|My name is] {v}.
        [The name is|The name of the customer is|The customer's name is] {v}.
        [Best regards|Kind regards|Thanks], {v}.
        [It was sent by|The message is from|The letter is from] {v}.
        [Customer|Our customer|The client] {v} [is waiting|needs help|paid today].
        [Please write to|Please speak to|Please help] {v}.
        [The order was placed by|The account belongs to|The parcel goes to] {v}.
        [Contact person|Contact|Name]: {v}."""),
    "company": Field("company", ["company", "company name", "name of the company", "supplier", "vendor", "firm"],
        ["Company", "Supplier", "Vendor", "Firm", "Bill to", "Seller"], """
        [I work for|We are|I am with|I write on behalf of] {v}.
        The [supplier|vendor|company|seller] is {v}.
        [The invoice|The delivery|The offer|The contract] is from {v}.
        {v} [sent|delivered|offered|supplied] [it|the goods|the boxes|the parts].
        [We bought it from|It was supplied by|We ordered from] {v}.
        [Our company|The company|Our firm] is called {v}.
        [Please make it out to|Please bill|The bill goes to] {v}.
        We [work with|have a contract with|buy from] {v}.
        {v} is [our supplier|the vendor|our customer|the seller].
        The [firm|company] {v} [wrote|called|complains].
        [The company is|The company name is|Our supplier is|The firm is] {v}.
        [I am writing for|I am from|We write for|She works for] {v}.
        [The goods|The parts|The boxes] [come from|are from|were made by] {v}.
        [We got the invoice from|We got an offer from|We bought this from] {v}.
        [The company|The firm|The supplier] {v} [is late|has moved|delivers tomorrow].
        [Invoice to|Bill to|Supplier]: {v}."""),
    "product": Field("product", ["product", "product name", "item", "name of the product", "article", "ordered item"],
        ["Product", "Item", "Article", "Model", "Description"], """
        [I bought|I ordered|We ordered|They bought] [the|a] {v}.
        The {v} [is broken|does not work|arrived damaged|is great|is too small].
        [I have a question about|It is about|I need help with] the {v}.
        The [product|item|article] is [the|a] {v}.
        [I want to return|I would like to exchange|Please replace] the {v}.
        [My|Our] {v} [stopped working|makes noise|is missing a part].
        [We have shipped|We are sending|Here is] the {v}.
        Is the {v} [in stock|available|on sale]?
        The [parcel|box|order] contains [the|a] {v}.
        I am [looking for|interested in|happy with] the {v}.
        [The product is|The item is|It is] [the|a] {v}.
        [I got|I received|We received|We have] [the|a] {v}.
        [Please send|Please deliver|I need|We need] [the|a] {v}.
        [The|My|Our|This] {v} [is too loud|came late|is very good|has a scratch].
        [I paid for|I ordered|They sent] [the|a] {v}.
        [How much is|Where is|Do you have] the {v}?"""),
    "quantity": Field("quantity", ["quantity", "number of pieces", "number of units", "number of items", "how many pieces"],
        ["Quantity", "Qty", "Units", "Pieces", "Count"], """
        [We need|We ordered|Please send us|We want] {v} [pieces|units|items].
        The quantity is {v}.
        [Quantity|Qty]: {v}.
        [They|You] ordered {v} [pieces|units|items].
        The [delivery|order|parcel] [has|contains|includes] {v} [pieces|items|units].
        It is [an order for|a delivery of] {v} [units|items].
        [Please increase|Please change] the [quantity|number of units] to {v}.
        There are {v} [items|pieces|units] [in the box|on the list].
        [Only|Just] {v} [pieces|units|items] [arrived|were delivered].
        [I want|I need|They need|We bought] {v} [pieces|items|units].
        [The number of pieces|The number of items|The number of units] is {v}.
        [The order is|The delivery is|It is] for {v} [pieces|units|items].
        [We got|We received|I received] {v} [pieces|items|units].
        [Please deliver|Please order|Please pack] {v} [units|pieces|items].
        [In total|Altogether] {v} [pieces|items|units]."""),
    "city": Field("city", ["city", "town", "location", "place", "destination"],
        ["City", "Location", "Place", "Town", "Destination", "Ship to"], """
        [I live in|We are based in|Our office is in|I moved to] {v}.
        [Please deliver to|It goes to|The parcel is going to|Send it to] {v}.
        The [shop|warehouse|office|depot] is in {v}.
        [It was shipped from|The truck comes from] {v}.
        [We are|I am] [located|living|working] in {v}.
        The delivery [goes|is] to {v}.
        [The destination is|The city is] {v}.
        [Our branch|The branch|The customer] in {v} [needs it|is closed|called].
        The [meeting|workshop|event] is in {v}.
        [I am from|We live in|Our company is in|The customer lives in] {v}.
        [The parcel goes to|Ship it to|It must go to|Bring it to] {v}.
        [The city is|The place is|The town is|The location is] {v}.
        [The office|The shop|The event|Our branch] is [located|] in {v}.
        [We moved|I am moving|They moved] to {v}.
        [It happened|It was found|It is] in {v}."""),
    "address": Field("address", ["address", "street address", "delivery address", "street", "shipping address"],
        ["Address", "Street", "Delivery address", "Ship to", "Deliver to"], """
        [My|Our|The] [address|new address|delivery address] is {v}.
        [Please deliver to|Please send it to|Ship it to] {v}.
        [I live at|We are at|The office is at] {v}.
        The [parcel|order] goes to {v}.
        [We moved to|You find us at|Our shop is at] {v}.
        [Deliver it to|Bring it to] {v}.
        [The warehouse|The shop|The house] is at {v}.
        The [street|delivery] address is {v}.
        [The street address|The delivery address|The address|Our address] is {v}.
        [I live|We live|The customer lives] at {v}.
        [Our office|The shop|The store] is at {v}.
        [Ship|Send|Deliver] [it|the parcel] to {v}.
        [Address|Delivery address|Street]: {v}.
        [Our new address|The shipping address] is {v}.
        [Please come to|Please visit us at] {v}."""),
    "time": Field("time", ["time", "start time", "hour", "time of the meeting", "time of the appointment"],
        ["Time", "Start", "Start time", "At"], """
        [The meeting starts|We start|We meet|It begins] at {v}.
        [The appointment is|The call is|The courier comes] at {v}.
        [Please be there|Please come|Please call] at {v}.
        The time is {v}.
        [It starts|It happened|The train leaves] at {v}.
        [The start is at|I am free at|The slot is at] {v}.
        [We open|The office opens] at {v}.
        Let us [meet|talk|start] at {v}.
        [It is|The meeting is|The time is] at {v}.
        [It starts|We begin|They begin|The call starts] at {v}.
        [The start time|The time of the meeting|The time] is {v}.
        [Please call|I come|I will come|Come] at {v}.
        [The train|The bus|The flight] [leaves|goes] at {v}.
        [Time|Start|Start time]: {v}.
        [Lunch|The training|The tour] [is|begins] at {v}."""),
    "meeting_date": Field("date", ["date", "meeting date", "date of the meeting", "date of the appointment", "day of the meeting"],
        ["Date", "Meeting date", "Day", "When"], """
        [The meeting is|The appointment is|The workshop is] on {v}.
        [We meet|We will meet|The team meets] on {v}.
        [Let us meet|Can we meet|Are you free] on {v}?
        The meeting [was moved|is postponed] to {v}.
        [The call|The training|The event] takes place on {v}.
        The [date|day] is {v}.
        [Please come|See you] on {v}.
        The [meeting|workshop|call] will be [held|] on {v}.
        [The meeting|The call|The appointment] [will take place|is planned|is set] [on|for] {v}.
        [The date of the meeting|The meeting date|The date] is {v}.
        [We see each other|We have a meeting|I have time] on {v}.
        [Is|Does] {v} [fine for the meeting|okay for you|possible]?
        [Please note the meeting|Save the date|Please be there] on {v}.
        [Meeting|Appointment|Date]: {v}."""),
    "error_code": Field("error", ["error code", "error", "error number", "error message", "code"],
        ["Error", "Error code", "Code", "Error no."], """
        The [app|program|screen|device] shows error {v}.
        I get [error|error code|the error] {v}.
        [The error code is|Error code:|The code is] {v}.
        It [stops|fails|ends] with error {v}.
        There is an error {v} [on the display|when I start it].
        [Error|Code] {v} [appears|comes up] [every time|at start].
        The display says {v}.
        [What does|What is] error {v} [mean|about]?
        We see error [code|number|] {v} [since today|in the log].
        [The error is|The code is|The error number is|The error message is] {v}.
        [It shows|It says|I see|We get|My screen shows] [error|code|error code|the error] {v}.
        [Error|Error code|Code]: {v}.
        [It stopped|The app closed|It crashed] with [error|code|error code] {v}.
        [Because of|After] error {v} [nothing works|it stops|I cannot work].
        [Error|Error code] {v} [is shown|came up|came today]."""),
    "version": Field("version", ["version", "software version", "version number", "release"],
        ["Version", "Software version", "Release", "Ver."], """
        [We use|I use|I have installed|We run] version {v}.
        The [software|app|program] version is {v}.
        Since version {v} [it is slow|it crashes|nothing works].
        [Version|Release] {v} [is out|has a bug|is installed].
        I updated to {v}.
        [It happens|The bug is] in [version|release] {v}.
        The [app|program] is on version {v}.
        We [upgraded|moved] to version {v}.
        [The version is|The version number is|My version is|It is version] {v}.
        [I have|We have|They use|It runs on] [version|release|software version] {v}.
        [In version|With version|After version] {v} [it works|it fails|the bug is back].
        [The update to|The new version|The new release] {v} [is here|has errors|is fine].
        [Version|Software version|Release]: {v}.
        [Please install|I installed|Please use] version {v}."""),
    "project": Field("project", ["project", "project name", "name of the project"],
        ["Project", "Project name", "Subject", "Topic"], """
        [It is about|This concerns|I have a question on] [project|the project] {v}.
        [The project|Our project] {v} [starts soon|is late|needs more people|is finished].
        [We talked about|We discussed|The topic is] project {v}.
        [I work on|We work on|She leads] [project|the project] {v}.
        The costs [go to|are for] project {v}.
        The project is called {v}.
        [Please book it on|It belongs to] project {v}.
        The {v} project [is on track|needs a decision].
        [The name of the project is|The project is|Our project is] {v}.
        [I am in|We are in|He leads|They work on] [the project|project] {v}.
        [The budget of|The plan for|The team of] project {v} [is ready|is small|was changed].
        [Regarding|About|For] project {v} [we need help|I have a question|nothing is clear].
        [Project|Project name|Topic]: {v}.
        [The work on|The meeting about] project {v} [begins|is over]."""),
    "employee": Field("person", ["employee", "employee name", "name of the employee", "colleague", "staff member"],
        ["Employee", "Employee name", "Colleague", "Staff"], """
        The employee {v} [is sick|starts next week|has left|needs a badge].
        [Our colleague|My colleague|Our employee] {v} [is on leave|needs a laptop|will join us|is away].
        [Please create an account for|Please give access to] [the employee|our new colleague|our employee] {v}.
        [The new employee is|The employee is called] {v}.
        The employee's name is {v}.
        {v} [joins|leaves] our [team|department] [next week|next month].
        [Our new employee|Our trainee] is {v}.
        The staff member {v} [asked for|needs] [a day off|a new contract|training].
        [The name of the employee is|The colleague is called|Our colleague is] {v}.
        [Employee|Our employee|The staff member|My colleague] {v} [called in sick|is new|is on holiday].
        [A laptop|A badge|An account] for [our employee|our colleague|the employee] {v} is needed.
        [The new colleague is|The trainee is|The staff member is] {v}.
        [The employee|Our colleague] {v} [will leave|moves to sales|works from home].
        [Employee|Colleague|Staff member]: {v}."""),
    "manager": Field("person", ["manager", "name of the manager", "approver", "supervisor", "boss"],
        ["Manager", "Approved by", "Supervisor", "Approver"], """
        [My manager|The manager|Our manager] is {v}.
        It was approved by {v}.
        [My manager|The manager] {v} [has approved it|knows about it|agreed].
        [The approver|The supervisor|My boss] is {v}.
        [Please ask|Please inform] [my manager|the manager|my boss] {v}.
        [Approval|The approval] came from {v}.
        [My supervisor|My boss] {v} [said yes|signed it|is informed].
        {v} [approved|signed] [it|the request].
        [My boss is|The boss is|Our boss is|My supervisor is] {v}.
        [The manager is called|The manager's name is|The responsible manager is] {v}.
        [Manager|Approver|Supervisor]: {v}.
        [The manager|Our manager|My boss] {v} [is informed|will decide|has signed].
        [The request was|It was] [approved|signed] by [manager|my boss|the supervisor|] {v}.
        [I report to|We report to|She reports to] {v}."""),
    "invoice_date": Field("date", ["invoice date", "date of the invoice", "billing date"],
        ["Invoice date", "Date of invoice", "Issued", "Billing date"], """
        The invoice date is {v}.
        The invoice [was issued|is dated|was written] on {v}.
        [The bill|The invoice] is from {v}.
        [We issued the invoice|You sent the bill|We billed you] on {v}.
        The invoice [dated|of] {v} [is open|is attached|was paid].
        The date of the invoice is {v}.
        Your invoice of {v} [has a mistake|arrived].
        The [bill|invoice] [was made out|was created] on {v}.
        [The invoice|The bill|Our invoice] [is from|is dated|was sent on] {v}.
        [The date on the invoice|The billing date|Our invoice date] is {v}.
        [Invoice date|Date of invoice]: {v}.
        [The invoice|The bill] was [written|printed|issued|sent out] on {v}.
        [We wrote|They wrote|They issued] the [invoice|bill] on {v}.
        [The bill|An invoice] [of|dated] {v} is [missing|still open]."""),
    "meeting_room": Field("room", ["room", "meeting room", "place of the meeting", "location of the meeting"],
        ["Room", "Place", "Where", "Meeting room"], """
        [We meet|The meeting is|The training is] in {v}.
        [The room is|The place is] {v}.
        [Please come to|Please go to|I booked] {v}.
        [The workshop|The call|The interview] takes place in {v}.
        [It is|It will be] held in {v}.
        We [reserved|booked] {v}.
        [The printer|The projector|The heater] in {v} [is broken|does not work].
        [The meeting room is|Our room is|It is in|We are in] {v}.
        [The meeting|The call|The class|The talk] is in {v}.
        [Come|Please come|Go] to {v}.
        [I am|We sit|They wait] in {v}.
        [Room|Meeting room|Place]: {v}.
        [Please book|Please reserve|Can you book] {v}."""),
    "refund_amount": Field("amount", ["refund amount", "amount of the refund", "refund", "amount to be refunded"],
        ["Refund", "Refund amount", "Credit"], """
        [I want|I expect|I ask for] a refund of {v}.
        [We refunded|We will refund|Please refund] {v}.
        The refund [is|was] {v}.
        [You will get|I got|I should get] {v} back.
        A refund of {v} [is on its way|was promised].
        [We credited|Please credit] {v} to [my|your] account.
        The refund amount is {v}.
        [I would like|I need] {v} back.
        [The refund|My refund|Your refund] [is|was|should be|will be] {v}.
        [Please pay back|You owe me|Please return] {v}.
        [I got back|I received|We paid back] {v} [as a refund|].
        [The amount of the refund|The amount to be refunded] is {v}.
        [A credit of|A refund of] {v} [was booked|was sent|is coming].
        [They refunded|You refunded|We give back] {v}."""),
}
# Names that are only clear when no other field of the same kind is in the text.
GENERIC_NAMES = {"name", "date", "amount", "sum", "price", "refund", "code", "person", "order", "contact", "place",
                 "location", "error", "company", "deadline", "hour", "time", "reference number", "total", "sender",
                 "name of the person", "contact person", "destination", "street", "address"}
# Further names that ask for the kind alone, used when a text holds a single value of that kind.
KIND_NAMES = {"date": ["date", "the date mentioned", "date in the text"], "amount": ["amount", "amount of money", "sum of money"],
              "person": ["person", "person's name", "name", "full name", "name of the person"]}

SIDE_CLAUSES = """
Please let me know if you need anything else.
The {goods} are stored in our warehouse.
We have {quantity} employees and {percent} work from home.
The last update was {duration} ago.
Please answer before {weekday}.
I have attached a photo.
The weather was bad last week.
Our team works from Monday to Friday.
The old {product} was better.
I called you {quantity} times.
The office is closed on {weekday}.
About {percent} of the parts are fine.
My colleague already wrote to you.
The warranty is {duration}.
""".strip().splitlines()
