"""What business messages are about: topics with clauses, subject lines and one-line summaries.

Every fifth clause of each list is held out for the "eval" rows (see grammar.pick_for_split).
A topic's `about` completes the sentence "The message is about ..." for yes/no questions.
"""


class Topic:
    """One thing that people write to a company about."""

    def __init__(self, about, subject, summary, clauses):
        self.about, self.subject, self.summary = about, subject, summary
        self.clauses = [line.strip() for line in clauses.strip().splitlines()]


TOPICS = {
    "double_charge": Topic(
        ["a double charge", "being charged twice", "a wrong charge"], "Double charge< on order {order}>",
        "{sender} was charged twice< for order {order}>< ({amount})> and wants it corrected.", """
        [I was|We were|My card was|Our account was] [charged|billed|debited] [twice|two times|double] [for order {order}|this month|for the same order|on {date}].
        There [are|were] two [charges|payments|debits] of {amount} on my [card|bank statement|statement|account] for [one|the same] [purchase|order].
        [You|Your shop|Your system] took {amount} [twice|two times] from my [bank account|credit card|card].
        The amount on my [bill|statement] is [wrong|too high|incorrect], you charged me {amount} [more than agreed|too much|by mistake].
        My [credit card|bank] [statement|app] shows [a duplicate|a second|a double] [payment|charge] [for order {order}|of {amount}].
        I [see|noticed|found] a [duplicate|double|second] [charge|debit|payment] of {amount} [for order {order}|on my card|on my statement].
        Why was I [charged|billed] {amount} [again|a second time|twice]?
        The [payment|fee|subscription fee] was [taken|debited|collected] [twice|two times] [on {date}|this month].
        [Please correct|Please check] the [charge|bill|payment], I [paid|was billed] [twice|double] for order {order}.
        I have been [overcharged|billed too much]; the [bill|charge] should be {amount}.
        I was [overcharged|charged too much|billed the wrong amount] on my last [bill|payment|order].
        There is [an unknown|an unexpected|a strange] charge of {amount} on my [card|account|bill]."""),
    "refund": Topic(
        ["a refund", "getting money back"], "Refund request< for order {order}>",
        "{sender} asks for a refund< for order {order}>< of {amount}>.", """
        I [want|would like|need] [a refund|my money back] for [order {order}|the {product}].
        Please [refund|pay back|reimburse] the {amount} I paid [for order {order}|for the {product}].
        When will I [get|receive] [my refund|my money back|the money back] for [order {order}|the {product}]?
        [I am still waiting|We are still waiting] for [my|the|our] refund of {amount}.
        [I returned the {product}|The {product} went back] [weeks ago|on {date}] but [the refund has not arrived|I have no refund yet].
        [Could you|Can you] [process|issue|arrange] a [full refund|refund] for [order {order}|this purchase]?
        I sent the item back and [I expect|I would like] [the money|my money] back [on my card|in my account].
        [I request|I am asking for|I demand] a [full|complete] refund of {amount}.
        The refund for [order {order}|my purchase] is [missing|late|still open|not there yet].
        How long does a refund [take|usually take]? I sent the {product} back on {date}.
        I was promised [a refund|my money back] [on {date}|two weeks ago] and [nothing|no money] has arrived.
        You [promised|owe me] [a refund|my money back] of {amount} for the {product}."""),
    "invoice_copy": Topic(
        ["an invoice", "a copy of an invoice"], "Copy of invoice< {invoice}> needed",
        "{sender} needs a copy of invoice< {invoice}>.", """
        [Please|Could you please] send [me|us] [a copy|a PDF|another copy] of invoice {invoice}.
        I [cannot find|lost|did not receive] [the invoice|invoice {invoice}] [for last month|from {date}] and [need|require] [it|a copy] for [my|our] [records|accountant|tax return].
        Our [accountant|bookkeeping|accounting team] needs the [invoice|receipt] for order {order}.
        [We have|I have] not [received|got] [the invoice|a receipt|an invoice] for [order {order}|our last purchase|the {product}].
        Where can I [download|find|get] [my invoices|the invoice|my receipt|the receipts]?
        Invoice {invoice} has the wrong [company name|VAT number|billing address], please [issue|send] a [corrected|new] invoice.
        The [VAT number|tax number|billing address] is missing on invoice {invoice}.
        Could you [resend|send again] the [invoice|bill|receipt] dated {date}?
        [I need|We need] a [receipt|proper invoice|VAT invoice] for {amount}.
        Please [email|mail] the invoice for [{product}|order {order}] to our [accounting|finance] team.
        Can I have [an invoice|a receipt|a tax invoice] in the name of {company}?
        Please put our [purchase order|VAT number] on the [invoice|bill] {invoice}."""),
    "payment_failed": Topic(
        ["a failed payment", "a payment that does not go through"], "Payment failed< for order {order}>",
        "{sender} cannot pay< for order {order}>: the payment fails.", """
        My [payment|card|credit card] [was declined|was rejected|is declined] [when I tried to pay|at checkout|for order {order}].
        [I tried to pay|We tried to pay] {amount} but the [payment|transaction] [failed|did not go through|was refused].
        The [payment page|checkout] [does not accept|rejects|refuses] my [credit card|card|bank account].
        I cannot [pay|complete the payment] for order {order}, [the payment fails every time|my card is rejected].
        The [transaction|bank transfer|payment] of {amount} [failed|was declined|was rejected] [on {date}|twice].
        The direct debit [failed|bounced|was returned] and now my [payment|bill] of {amount} is [open|overdue].
        [Which|What other] payment methods [can I use|do you accept]? My [card|credit card] [is declined|does not work].
        How can I [update|change] my [credit card|payment method|card details|bank details]? The [old card|card] [expired|is declined].
        My card [expired|has been replaced] and the [monthly payment|subscription payment|payment] [failed|did not go through].
        The [bank|card company] says the card is fine, but your [checkout|payment page] [declines|rejects] it.
        Paying by [card|bank transfer|direct debit] [fails|does not work|is not possible] [since {date}|on your site]."""),
    "crash": Topic(
        ["a software problem", "a bug or a crash", "an error in the app"], "App error< {error}><: {product}>",
        "{sender} reports that the app crashes< with error {error}>< since version {version}>.", """
        The app [crashes|freezes|closes|stops] [every time|whenever|as soon as] I [open it|click save|upload a file|log in].
        [I get|We get|The program shows] [error|the error message|error code] {error} when [I export a report|I start the program|we open a file].
        Since [the update|version {version}|the last update] the [software|app|program] [crashes|is very slow|does not start|freezes].
        The [website|page|dashboard] [shows a blank screen|does not load|shows an error|keeps loading] [since {date}|in my browser].
        The [search|export|upload|print] [button|function|feature] [does not work|is broken|does nothing] [in version {version}|since the update].
        The [screen|app|window] [freezes|turns black|hangs] [after a few minutes|when I save|during the upload].
        There is a bug in [version {version}|the new version|the app]: [the export is empty|files are not saved|the data disappears].
        [The sync|Synchronisation|The data import] [fails|stops] with [error|code] {error}.
        My {product} [will not connect|does not connect|loses the connection] to [the app|wifi|bluetooth|my phone].
        The software [will not install|does not install|cannot be installed] on my [computer|laptop|phone|tablet].
        [After the update|Since version {version}] the [app|program] shows [error {error}|an error|a blank page] and [crashes|closes|hangs].
        Installing [the update|version {version}] [fails|ends] with error {error}."""),
    "outage": Topic(
        ["an outage", "a service that is down"], "Service down< since {time}>",
        "{sender} reports that the service is down< since {time}>.", """
        [The server|Your service|The whole system|The website] is [down|offline|not available|unreachable] [since {time}|this morning|for all users].
        Nobody [in our office|at {company}|in {city}] can [reach|access] the [server|system|website|service].
        [We have|There is] [an outage|a complete outage|a network outage] [in {city}|since {time}|at our site].
        The [internet|network|mail server|database] [has been down|is down|has failed] since {time}.
        All [our|your] [servers|systems|services] [are down|are offline|stopped responding] [since {time}|at {time}].
        The [service|system|site] [stopped responding|went down|went offline] at {time}.
        [Is there|Do you have] [an outage|a service outage]? [The website|The system|Your server] has been [unavailable|down|offline] since {time}.
        The [internet connection|network|phone line] in {city} is [down|dead|gone] [since {time}|for everyone].
        [Production|The production system|The whole network] is [down|offline] and [nobody can work|we cannot ship anything].
        Your [servers|systems] are [unreachable|not reachable|offline] [from {city}|for all of us|since {time}]."""),
    "login": Topic(
        ["a login problem", "a password or login problem"], "Login problem<: {email}>",
        "{sender} cannot log in< with {email}>.", """
        I [cannot|can not|am unable to] [log in|sign in|log into my account] [since {date}|with my password|any more].
        I [forgot|lost|do not remember] my password [and the reset email does not arrive|and need a new one|for the portal].
        My account is [locked|blocked] after [too many|three|five] [wrong passwords|login attempts|attempts].
        The [password reset|reset link|verification code] [does not work|does not arrive|has expired|is invalid].
        The login page [says|tells me] my [password|user name|login] is [wrong|invalid|unknown].
        Please [reset|unlock] [my password|my account|my login], [my user name|the login] is {email}.
        I [do not get|never receive|did not get] the [verification code|login code|reset email] [on my phone|at {email}].
        [My login|My password|My user name] [is not accepted|does not work|stopped working] [since {date}|today].
        How do I [reset|change] my password? [I am locked out|I cannot sign in].
        I am locked out of my [account|profile] and [need a new password|cannot reset the password].
        [Signing in|Logging in] [fails|does not work] [with my password|since I changed my phone], my login is {email}."""),
    "account_change": Topic(
        ["changing account details", "a change of contact details"], "Change of account details<: {email}>",
        "{sender} wants to change the account details< to {email}>.", """
        [Please|Could you] [change|update] my [e-mail address|email|account email] to {email}.
        [I moved|We moved|I have moved] to {city}, please [update|change] [my address|our address|the address in my account].
        My [name|last name] has changed, [please update|please change] [my profile|my account].
        How can I [change|edit|update] [my profile|my account details|the phone number in my account|my user name]?
        My new [phone number|mobile number] is {phone}, please [update|change] [my account|my profile].
        Please [add|use] {email} as [the new contact|the main contact|my new e-mail] for [our account|my account].
        The [address|phone number|name] in my [profile|account] is [wrong|old|out of date], [please correct it|please update it].
        Please [transfer|move] the account to [my colleague|my new company {company}|{email}].
        [Our company|We] changed [its|our] name to {company}, please [update|change] our [customer account|account details].
        Our new [billing address|address|head office] is {address}, please [update|change] [the account|our profile]."""),
    "cancel": Topic(
        ["a cancellation", "ending a contract or subscription"], "Cancellation< of contract {contract}>",
        "{sender} cancels the contract< {contract}>< as of {date}>.", """
        I [want|would like|wish] to [cancel|end|terminate] my [subscription|contract|membership|plan] [as of {date}|immediately|at the end of the month].
        Please [cancel|terminate|end] [contract {contract}|my subscription|our contract {contract}].
        We are [cancelling|ending|not renewing] [our contract|the subscription|contract {contract}] [on {date}|at the end of the year].
        How do I [cancel|end|stop] my [subscription|membership|plan]?
        Please [close|delete|remove] my account [and all my data|as of {date}|for good].
        I no longer [need|use|want] the [service|subscription], please [close my account|cancel it|stop it].
        [I hereby cancel|This is my notice to cancel] [contract {contract}|my membership|the subscription].
        Please [confirm|confirm in writing] the [cancellation|termination] of [contract {contract}|my contract].
        I do not want to [renew|extend] my [subscription|contract|membership].
        [Stop|Please stop] my [plan|subscription|membership], I [do not use it|do not need it] [any more|any longer].
        We [decided|have decided] to [end|terminate|leave] the [contract|plan] [on {date}|at the end of {date}]."""),
    "shipping_delay": Topic(
        ["a late delivery", "a delivery that has not arrived"], "Late delivery< of order {order}>",
        "{sender} is still waiting for< order {order}> the delivery.", """
        [My order|Order {order}|The {product}|My parcel] [has not arrived|still has not arrived|is late|did not arrive] [yet|so far].
        Where is my [order|parcel|package|delivery]? [It should have arrived on {date}|I ordered on {date}|The tracking has not changed for days].
        [I ordered|We ordered] the {product} on {date} and [it is still not here|nothing has arrived|it has not been shipped].
        The [tracking|tracking page|tracking number {tracking}] [shows no update|has not changed|says the parcel is in {city}] [since {date}|for a week].
        The [delivery|shipment|parcel] [is delayed|is overdue|is late] [since {date}|by a week|again].
        The [courier|driver] [never came|did not come|did not deliver] and [my parcel|the package] [is lost|is missing].
        When will [order {order}|my order|the {product}] be [delivered|shipped|sent]?
        The [parcel|package|shipment] {tracking} is [lost|missing|stuck in {city}].
        [We are still waiting|I am still waiting] for [the delivery|the shipment|my parcel|order {order}].
        The {product} should have been [delivered|here|shipped] on {date}.
        Order {order} was [promised|due] for {date} but [nothing came|it is not here|no parcel arrived]."""),
    "damaged": Topic(
        ["a damaged or broken product", "a defective item"], "Damaged item<: {product}>< (order {order})>",
        "{sender} received a damaged< {product}> item< with order {order}>.", """
        The {product} [arrived|came|was delivered] [broken|damaged|with a crack|in pieces].
        [My|The|Our] {product} [broke|stopped working|fell apart|is defective] after [two days|one week|the first use].
        The [box|packaging|parcel] was [open|wet|torn|crushed] and the {product} is [scratched|dented|damaged].
        The {product} [does not turn on|is faulty|makes a strange noise|has a dent], [I need a replacement|please replace it].
        One of the items in order {order} is [broken|cracked|damaged|defective].
        I [unpacked|opened] the {product} and [found|saw] [scratches|a crack|a broken part|a dent].
        The {product} from order {order} has a [crack|scratch|defect|hole].
        Please [replace|exchange|repair] the [broken|defective|damaged|faulty] {product}.
        [Part|One part] of the {product} is [cracked|broken|bent], I [want a replacement|need a new one].
        The [screen|handle|lid|door] of the {product} is [broken|cracked|scratched].
        The [screen|handle|battery|wheel] of the {product} was [broken|cracked|dead] when it [came|arrived]."""),
    "wrong_item": Topic(
        ["a wrong item", "an item that was not ordered"], "Wrong item in order< {order}>",
        "{sender} received the wrong item< with order {order}>< instead of the {product}>.", """
        I [ordered|asked for|wanted] the {product} but [received|got] [a different model|something else|the {product2}].
        You [sent|delivered] the wrong [item|product|colour|size] [for order {order}|with order {order}].
        [The parcel|Order {order}|The box] contained [the wrong item|a different product|the {product2}] instead of the {product}.
        This is not what I ordered: I got the {product2} instead of the {product}.
        The {product} is [the wrong size|the wrong colour|too small|not the model I ordered].
        [Instead of|In place of] the {product} there was [another item|a {product2}|something different] in the [box|parcel].
        Order {order} is [wrong|mixed up], I [received|got] [someone else's parcel|another item|the wrong model].
        [An item|One item|The {product}] is missing from [my parcel|order {order}], [the box was incomplete|I only got part of it].
        I got [the wrong product|a wrong item], my order was for the {product}.
        The [size|colour|model] of the {product} is [not the one I ordered|different from my order|wrong]."""),
    "return": Topic(
        ["returning an item", "a return"], "Return of< the {product}>< (order {order})>",
        "{sender} wants to return< the {product}> from order< {order}>.", """
        [I would like|I want|We want] to [return|send back] the {product} [from order {order}|I bought on {date}].
        How can I [return|send back] [the {product}|an item|order {order}]?
        Please send [me|us] a return [label|form|slip] for [order {order}|the {product}].
        [What is|How does] your return [policy|process] [work|for the {product}]?
        Can I [return|bring back|send back] the {product} [to a shop|without the box|after 30 days]?
        I do not [like|need] the {product} and [will send it back|want to return it].
        Where do I send the [return|returned item|item], and [who pays the postage|which label do I use]?
        I [changed my mind|do not need it] and [would like to return|want to send back] the {product}.
        I need a [return label|return number] [for order {order}|to send the {product} back].
        Which [address|form|label] do I use to [return|send back] the {product}?"""),
    "sales": Topic(
        ["prices or an offer", "a request for a quote"], "Quote request< for {quantity}>< {goods}>",
        "{sender} asks for a quote< for {quantity} {goods}>.", """
        [Please|Could you] send [me|us] [a quote|an offer|a price] for {quantity} {goods}.
        What [does|would] the {product} cost [for a company|for {quantity} pieces|per month]?
        We [are interested in|would like to buy|want to order] {quantity} {goods} and need [a price|an offer|a quote].
        Do you [offer|have|give] [a discount|volume discounts|special prices] for [{quantity} {goods}|companies|schools|large orders]?
        Which [plan|package] is best for a team of {quantity}, and what [is the price|does it cost]?
        Can we [get|have|book] a [demo|trial|product demo] of [the {product}|your software]?
        [I would like|We would like] to [upgrade|switch] to the [premium|business|larger] plan, what [does it cost|is the price]?
        Is the {product} [in stock|available] and [what is the price|how much is it]?
        How much [is|are] {quantity} {goods} including [delivery|shipping|tax]?
        We are looking for a supplier of {goods}, please send your [price list|catalogue|best offer].
        {company} [plans|wants] to [buy|order] {quantity} {goods}, [please quote|what is your price]."""),
    "feature": Topic(
        ["a feature request", "a suggestion for the product"], "Feature request<: {product}>",
        "{sender} suggests a new feature.", """
        It would be [great|nice|helpful|useful] if the app [had|offered|supported] [a dark mode|offline mode|an export to Excel|more languages].
        [Could you|Can you|Will you] [add|build|support] [a calendar view|a search filter|keyboard shortcuts|an Android version]?
        I [suggest|propose|wish for] [a new feature|an option|a button] to [sort the list|export all data|copy a project].
        [Please add|Please consider adding] [a dark mode|an API|an undo button|support for tablets].
        [A feature|An option|A setting] to [hide columns|print labels|merge files] would [help us|be useful|save time].
        We miss [a way|an option] to [share files|filter by date|export reports] in the app.
        [My idea|My suggestion|An idea]: [let users sort the list|show the total on the first page|add a map].
        Is [an integration|a plugin|support] for [calendars|Excel|our CRM] [planned|on your roadmap]?
        I wish the program [could|would] [remember my settings|save automatically|send reminders].
        [It would help|It would be nice] to have [a dark mode|reminders|an option to sort|a better search]."""),
    "praise": Topic(
        ["praise", "thanks or positive feedback"], "Thank you<, {person2}>",
        "{sender} thanks the team< and praises {person2}>.", """
        [I just want|I wanted|We want] to [say thank you|thank you|thank the team] for the [great|excellent|fast|friendly] [service|support|help|delivery].
        The {product} is [fantastic|excellent|wonderful|exactly what I needed], [I love it|thank you so much].
        {person2} was [very helpful|so friendly|a great help|very kind] and [solved everything|fixed it in minutes].
        [Great|Excellent|Wonderful|Fantastic] [work|job|service|support], [we are very happy|keep it up|thank you].
        [My compliments|Congratulations|Many thanks] to [your team|{person2}|the support team] for [the quick help|a perfect delivery].
        Best [service|shop|support] I have [ever had|ever used], [thank you|five stars|I will recommend you].
        [Thanks a lot|Thank you so much|Many thanks] for [the quick reply|solving this so fast|your great support].
        I am [delighted|very happy|really pleased|impressed] with [the {product}|your service|the support by {person2}].
        The [support|delivery|team] was [amazing|superb|perfect|outstanding], I will [order again|recommend you].
        [What a great|Such a wonderful] [team|product|shop], [thanks|thank you] [for everything|to {person2}]."""),
    "rude_staff": Topic(
        ["a complaint about staff", "bad behaviour of an employee"], "Complaint about< {person2}>",
        "{sender} complains about the behaviour of< {person2}> the staff.", """
        Your [employee|colleague|agent] {person2} was [very rude|impolite|unfriendly|disrespectful] [to me|on the phone].
        I want to [complain|make a complaint|file a complaint] about [{person2}|the driver|your agent|the staff in {city}].
        The [agent|person on the phone|driver] [shouted at me|hung up on me|laughed at me|insulted me].
        [I waited|We waited] [two hours|40 minutes|forever] and the staff [ignored us|was rude|did not care].
        The [behaviour|attitude|tone] of [{person2}|your agent|your employee] is [unacceptable|a disgrace|not okay].
        The [driver|agent|manager] was [unfriendly|aggressive|rude] and [refused to help|insulted me].
        [{person2}|Your agent|The lady on the phone] [hung up|shouted|was rude] when I [asked a question|asked for help].
        I have [never|rarely] been treated so [badly|rudely] by [an employee|a shop assistant|an agent].
        I am [shocked|angry] about how {person2} [talked|spoke] to me.
        [The staff|Your team] in {city} is [rude|impolite|disrespectful], I [want an apology|wish to complain]."""),
    "leave": Topic(
        ["a leave request", "holiday or sick leave"], "Leave request< from {date}><: {sender}>",
        "{sender} asks for leave< from {date}>< to {date2}>.", """
        I would like to [take|request|book] [vacation|annual leave|holiday|leave] from {date} to {date2}.
        [Please approve|Could you approve] my [holiday|vacation|leave] [request|days] from {date} to {date2}.
        I am [sick|ill|not well] and [cannot come to work|will stay at home] [today|until {date}].
        How many [vacation days|holidays|days off] do I [have left|still have] this year?
        I [need|request] [a day off|two days off|parental leave] [on {date}|from {date}].
        I [request|am asking for] [unpaid leave|parental leave|time off] from {date} [to {date2}|for a family matter].
        May I take [Friday|a day|the day] off on {date}?
        I [have a doctor's appointment|am on sick leave|have the flu], [I attach the sick note|I will be absent until {date}].
        I will be [on vacation|away|on holiday|absent] from {date} to {date2}, [please approve it|please confirm].
        Can I [move|carry over|take] my [holidays|vacation days|remaining leave] [to next year|in {date}|on {date}]?"""),
    "payroll": Topic(
        ["salary or payroll", "pay"], "Payroll question<: {amount}>",
        "{sender} has a question about the salary< of {amount}>.", """
        My [salary|pay|wage] for [last month|this month] [has not been paid|is wrong|is too low|did not arrive].
        There is [a mistake|an error] in my [payslip|salary|paycheck], [{amount} is missing|the overtime is missing].
        [When|On which day] [do we get|will I get] [our salary|paid|the bonus|my paycheck]?
        I did not [receive|get] my [payslip|salary slip|bonus|overtime pay] for [this month|last month].
        [My overtime|The bonus of {amount}|My night shift] is [missing|not] on my payslip.
        My [bank details|bank account] [changed|is new], please use it for [my salary|the next salary payment|payroll].
        The [tax class|tax|pension] on my payslip [is wrong|is not correct|has changed].
        I have a question about my [payslip|salary|pay]: why is [{amount}|tax|a deduction] [deducted|missing]?
        My [paycheck|salary|pay] is {amount} [short|too low|less than last month].
        The [overtime|bonus|travel allowance] is [not on my payslip|missing from my salary|not paid]."""),
    "hiring": Topic(
        ["a job application", "hiring or an interview"], "Job application<: {title}>",
        "{person} applies for a job< as {title}>.", """
        I would like to [apply|send my application] for the [position|job|post] of {title}.
        [Please find attached|I attach|Attached is] my [CV|resume|application] for the {title} [position|job|role].
        [Is|Are] the [job|position] as {title} in {city} still [open|available|free]?
        [Can we|Could we] [schedule|arrange|plan] the [job interview|interview] with the candidate {person2} for {date}?
        The candidate {person2} [accepted|declined|rejected] [our offer|the job offer] as {title}.
        We are [hiring|recruiting|looking for] a {title} in {city}, please [publish|post] the job [ad|advert].
        I am [interested in|applying for] the [vacancy|job|role] as {title} [at {company}|in your team].
        [I saw|I read] your job [ad|advert|posting] for a {title} and [want to apply|attach my CV].
        [What is|Can you tell me] the [salary range|start date] for the {title} [position|vacancy]?
        My [application|CV|interview] for the {title} [job|vacancy] was on {date}, is there any news?"""),
    "meeting": Topic(
        ["a meeting", "an appointment"], "Meeting on< {project}><: {date}>",
        "{sender} wants to meet< about {project}>< on {date}>< at {time}>.", """
        [Can we|Could we|Shall we] [meet|have a meeting|schedule a call] on {date} at {time} [about {project}|to talk about {project}]?
        The [meeting|call|workshop] about {project} is [moved|postponed|rescheduled] to {date} at {time}.
        I [invite you|would like to invite you] to [a meeting|the kick-off meeting|a workshop] on {project} on {date}.
        [Are you|Would you be] [free|available] for a [meeting|call|short meeting] on {date}?
        I [cannot attend|must cancel|will miss] [the meeting|our appointment|the call] on {date}.
        Please [confirm|move|cancel] [our appointment|the meeting|our call] on {date} at {time}.
        The agenda for the [meeting|workshop] on {date}: [budget|planning|next steps] and {project}.
        Let us [meet|have a call|sit together] at {time} [in {room}|on {date}] to [discuss|plan|review] {project}.
        [I propose|I suggest] a [meeting|call] on {date} at {time} to [go through|discuss] {project}.
        Could you [join|attend] the [call|meeting] about {project} [on {date}|at {time}]?"""),
    "access": Topic(
        ["an access request", "access rights or permissions"], "Access request<: {project}>",
        "{sender} requests access< to {project}>< for {person2}>.", """
        [Please give|Please grant|Could you give] {person2} [access|read access|write access|admin rights] to [the {project} folder|the {project} project].
        I [need|require|request] [access|permission|access rights] to the [{project} folder|shared drive|database|{project} project].
        {person2} [joins our team|starts on {date}|is new] and needs [an account|access|permissions] for [{project}|the shared drive].
        I [do not have|have no] [permission|access|rights] to [open the {project} folder|view the reports|edit {project}].
        Please [remove|revoke|disable] the [access|permissions|rights] of {person2} [to {project}|from {date}].
        [Can I|May I|Could I] get [access|permission] to [the {project} folder|the report system|{project}]?
        Please add {person2} to the [{project} group|mailing list|shared calendar|{team} group].
        We need [VPN access|guest access|a guest account] for {person2} [until {date}|from {company}].
        The [permissions|access rights] for {person2} on {project} are [missing|wrong|too low], please [grant|fix] them.
        {person2} should have [read access|permission|admin rights|access] for the {project} [folder|database|project]."""),
    "security": Topic(
        ["a security incident", "phishing or data theft"], "Security incident<: {email}>",
        "{sender} reports a security incident< involving {email}>.", """
        I [received|got] a [suspicious|strange|fake|phishing] [e-mail|message|email] from {email}.
        I [clicked|opened] [a link|an attachment] in a [phishing|suspicious|fake] [mail|message|e-mail].
        [My laptop|My phone|A company laptop|A USB stick] [was stolen|was lost|is gone] [in {city}|on {date}], [it holds customer data|it is not encrypted].
        [Someone|A stranger|A hacker] [has hacked|logged into|used] my account [from {country}|without permission].
        [There is|We found] [a virus|malware|ransomware] on [my computer|the server|a laptop].
        [Customer data|Passwords|Personal data] [were leaked|were sent to the wrong person|can be seen by everyone].
        The [e-mail|message] from {email} [asks for my password|looks like phishing|contains a virus].
        I think [my account was hacked|my password was stolen|this mail is a scam].
        [An attacker|A hacker|Malware] may have [stolen|copied|read] our [customer data|passwords].
        The sender {email} [looks fake|is suspicious|wants my password], it is [phishing|a scam]."""),
    "legal": Topic(
        ["a legal matter", "a contract to be checked"], "Contract review< with {company}>",
        "{sender} asks the lawyers to check the contract< with {company}>.", """
        [Please|Could you] [review|check|look at] the [contract|agreement|NDA] with {company} [before we sign|before {date}].
        [Our lawyer|The lawyer|The attorney] of {company} [sent|has sent] [a letter|a claim|a warning letter].
        {company} [threatens to sue us|has filed a lawsuit|wants damages of {amount}].
        We need [a non-disclosure agreement|an NDA|a data processing agreement|legal advice] for the work with {company}.
        Which [clause|law|liability clause] applies if {company} [breaks the contract|does not deliver]?
        The [liability|warranty|confidentiality] clause in the [contract|agreement] with {company} [is not acceptable|must be changed].
        Is it [legal|allowed by law|against the law] to [store|share|use] [this data|the customer list|these photos]?
        Please sign the [agreement|contract|NDA] {contract} with {company} by {date}.
        The [lawsuit|court case|claim] of {company} [goes to court|is heard] on {date}.
        {company} [sent|wants] [a new clause|changes] in the [agreement|NDA], please [check|review] it [legally|with our lawyer]."""),
    "hardware": Topic(
        ["office hardware", "a problem with a computer or printer"], "Hardware problem<: {room}>",
        "{sender} reports broken office hardware< in {room}>.", """
        The [printer|copier|scanner] in {room} [is out of toner|has a paper jam|does not print|is broken].
        My [laptop|computer|PC] [does not start|is very slow|overheats|has a broken screen], [I need a new one|please help].
        I need a [new|second|bigger] [monitor|laptop|keyboard|mouse|headset] for my desk.
        The [projector|screen|phone|camera] in {room} [does not work|is broken|shows no picture].
        My [keyboard|mouse|monitor|headset] [is broken|stopped working|has no signal], can IT [replace it|bring another one]?
        The [docking station|printer|monitor] [on my desk|in {room}] is [dead|defective|not recognised].
        The battery of my [laptop|work phone] [is dead|lasts ten minutes], I need a [replacement|new one].
        The new [colleague|employee] {person2} needs a [laptop|phone|computer] and a [monitor|headset].
        [Printing|Scanning] [in {room}|on our floor] does not work, the [printer|scanner] shows a [paper jam|red light].
        The [PC|laptop|monitor] [in {room}|on my desk] [is dead|is broken|does not start]."""),
    "facilities": Topic(
        ["the office building", "heating, cleaning or repairs in the building"], "Building repair<: {room}>",
        "{sender} reports a problem with the building< in {room}>.", """
        The [heating|air conditioning|light|elevator] in {room} [does not work|is broken|is too loud|is off].
        [It is too cold|It is too hot|There is a bad smell|Water drips from the ceiling] in {room}.
        The [toilet|sink|coffee machine|window|door] [on the second floor|in {room}] [is broken|is blocked|leaks|does not close].
        Please [clean|paint|repair] [the kitchen|the carpet|the wall|the window] in {room}.
        I [lost|need] [my key|a key|a parking card|a new badge] for [the building|{room}|the garage].
        The [lamp|window|door|heating] in {room} [needs repair|must be repaired|is broken].
        The [kitchen|bathroom|carpet|meeting room] [is dirty|has not been cleaned|needs cleaning].
        Are there [free parking spaces|more desks|lockers] [in the building|on our floor|in the garage]?
        The [ceiling|roof|water pipe|radiator] in {room} [leaks|is leaking|drips].
        The [air conditioning|heating|elevator|kitchen] [on our floor|in {room}] is [broken|dirty|out of order]."""),
    "travel": Topic(
        ["a business trip", "travel or travel expenses"], "Travel to< {city}><: {date}>",
        "{sender} has a question on a business trip< to {city}>.", """
        Please [book|reserve] [a flight|a train|a hotel|a hotel room] to {city} for {date}.
        [I am travelling|I travel|We fly] to {city} on {date} and need [a hotel|a rental car|a visa].
        I attach the [expense report|receipts|taxi receipts|hotel bill] for my trip to {city}.
        When will my travel [expenses|costs] of {amount} be [paid|reimbursed]?
        My flight to {city} was [cancelled|delayed|changed], please [rebook it|find another one].
        The [hotel|flight|train ticket] for the [trip|conference|customer visit] in {city} costs {amount}, [please approve|is that okay].
        What is the [hotel limit|daily allowance|mileage rate] for [trips|business trips] to {city}?
        I need [approval|permission] for my [business trip|trip|travel] to {city} [on {date}|from {date}].
        Could you [book|change] my [flight|hotel|train] [to {city}|in {city}] [for {date}|from {date}]?"""),
}

# Label inventories: each label names a group of topics. In one prompt only labels whose groups are disjoint are mixed.
LABELS = [
    (["billing", "payments", "billing and payments", "invoicing", "finance", "billing issue", "billing question"],
     ["double_charge", "invoice_copy", "payment_failed"]),
    (["billing", "payments", "finance", "accounts receivable"], ["double_charge", "invoice_copy", "payment_failed", "refund"]),
    (["refund", "refunds", "refund request", "money back"], ["refund"]),
    (["double charge", "overcharge", "wrong charge", "duplicate payment"], ["double_charge"]),
    (["invoice", "invoice request", "invoice copy", "receipts"], ["invoice_copy"]),
    (["payment failed", "payment problem", "declined card"], ["payment_failed"]),
    (["technical", "technical issue", "technical support", "tech support", "technical problem", "tech", "IT problem"],
     ["crash", "outage"]),
    (["technical", "technical support", "IT", "IT support", "helpdesk"], ["crash", "outage", "login", "hardware", "access"]),
    (["bug", "bug report", "software", "software bug", "crash", "app error"], ["crash"]),
    (["outage", "downtime", "service down", "incident"], ["outage"]),
    (["account", "account issue", "user account", "account access", "my account", "account management"],
     ["login", "account_change"]),
    (["login", "login problem", "password", "password reset", "sign-in"], ["login"]),
    (["profile change", "change of details", "address change", "contact update"], ["account_change"]),
    (["cancellation", "cancel", "churn", "termination", "cancel subscription", "contract end"], ["cancel"]),
    (["shipping", "delivery", "logistics", "shipment", "shipping problem", "delivery issue"], ["shipping_delay"]),
    (["shipping", "delivery", "orders", "order issue", "order problem"], ["shipping_delay", "wrong_item", "damaged"]),
    (["late delivery", "delay", "delayed order", "where is my order"], ["shipping_delay"]),
    (["damaged item", "defect", "defective product", "broken item", "warranty", "damage"], ["damaged"]),
    (["wrong item", "wrong product", "mix-up", "wrong delivery"], ["wrong_item"]),
    (["product problem", "quality", "product issue"], ["damaged"]),
    (["return", "returns", "return request", "send back"], ["return"]),
    (["returns", "returns and refunds", "return or refund"], ["return", "refund"]),
    (["sales", "pricing", "quote", "sales inquiry", "price request", "new business", "offer"], ["sales"]),
    (["feature request", "suggestion", "idea", "product feedback", "wish"], ["feature"]),
    (["praise", "compliment", "thank you", "thanks", "positive feedback"], ["praise"]),
    (["complaint", "staff complaint", "complaint about staff", "service complaint"], ["rude_staff"]),
    (["HR", "human resources", "people team", "personnel"], ["leave", "payroll", "hiring"]),
    (["leave", "vacation", "holiday", "absence", "time off", "leave request"], ["leave"]),
    (["payroll", "salary", "pay", "compensation", "wages"], ["payroll"]),
    (["recruiting", "hiring", "job application", "application", "recruitment", "careers"], ["hiring"]),
    (["meeting", "meetings", "scheduling", "appointment", "calendar"], ["meeting"]),
    (["access", "access request", "permissions", "access rights"], ["access"]),
    (["security", "security incident", "phishing", "IT security", "data breach"], ["security"]),
    (["legal", "contracts", "legal department", "legal question", "lawyers"], ["legal"]),
    (["hardware", "equipment", "devices", "computer hardware", "office equipment"], ["hardware"]),
    (["facilities", "building", "office building", "facility management", "maintenance"], ["facilities"]),
    (["travel", "business travel", "trip", "travel expenses", "travel desk"], ["travel"]),
]

OTHER_LABELS = ["other", "none of these", "general", "something else", "misc"]

POSITIVE = """
I [love|really like|adore] [the {product}|this product|your service].
The {product} works [perfectly|great|very well|like a charm].
[Great|Excellent|Fantastic|Wonderful] [product|service|quality|experience], [I recommend it|thank you].
[I am|We are] [very happy|so happy|really satisfied|delighted] with [the {product}|the service|everything].
[Fast|Quick] delivery and [friendly|helpful] [staff|support|people], [perfect|great].
The [team|staff|support] was [friendly|kind|helpful|wonderful] and [fast|quick|professional].
The {product} is [amazing|awesome|excellent|superb|brilliant].
[Best|The best] {product} I have [ever bought|ever had|used].
[It was worth every cent|Great value for money|A very good price], I would [buy it again|recommend it].
[I enjoyed|We enjoyed|I loved] [the food|the stay|the course|the film|the book], [it was wonderful|everything was great].
The [food|room|hotel|course] was [excellent|wonderful|great|perfect|delicious].
[Setup|Installation] was [easy|simple|quick] and the {product} [looks great|runs perfectly].
Everything [went smoothly|arrived on time|was perfect], [I will order again|thanks].
[I am impressed|I am pleased] by the [quality|speed|service] of [{company}|the {product}].
A [pleasant|wonderful|great] [surprise|experience], [five stars|highly recommended].
""".strip().splitlines()
NEGATIVE = """
I [hate|regret buying|really dislike] [the {product}|this product].
The {product} [broke|stopped working|fell apart] [after one day|after a week|immediately].
[Terrible|Awful|Horrible|Poor] [product|service|quality|experience], [never again|avoid it|I am angry].
[I am|We are] [very unhappy|disappointed|really upset|angry|frustrated] with [the {product}|the service|everything].
[Slow|Late] delivery and [rude|unfriendly] [staff|support|people], [very bad|terrible].
The [team|staff|support] was [rude|slow|unhelpful|unfriendly] and [did not care|ignored me].
The {product} is [useless|terrible|awful|a waste of money|junk].
[Worst|The worst] {product} I have [ever bought|ever had|used].
[It was not worth the money|Far too expensive|A complete waste of money], I would [not buy it again|not recommend it].
[I did not enjoy|We hated|I disliked] [the food|the stay|the course|the film|the book], [it was awful|everything was bad].
The [food|room|hotel|course] was [terrible|disgusting|dirty|boring|awful].
[Setup|Installation] was [a nightmare|confusing|difficult] and the {product} [looks cheap|does not work].
Nothing [worked|arrived on time|was right], [I will never order again|I want my money back].
[I am annoyed|I am shocked] by the [bad quality|slow service|poor support] of [{company}|the {product}].
A [bad|horrible|disappointing] [surprise|experience], [one star|stay away].
""".strip().splitlines()
NEUTRAL = """
The {product} [arrived|was delivered] on {date}.
[I bought|I ordered|We ordered] the {product} [on {date}|from {company}].
The {product} [comes in three colours|has two buttons|is made of steel|weighs 2 kg].
The [shop|store|office] in {city} [opens at {time}|closes at {time}|is next to the station].
The [parcel|box|package] contains [a manual|a cable|two parts] and the {product}.
The [course|film|meeting] [starts at {time}|lasts two hours|takes place in {city}].
[It costs|The price is] {amount}.
The {product} is [average|okay|neither good nor bad|nothing special].
[I use|We use] the {product} [at work|at home|once a week].
The [hotel|room|restaurant] is [in {city}|near the airport|on the third floor].
The {product} is [available|sold] in {city} [for {amount}|since {date}].
[Delivery|Shipping] takes [three days|a week|{duration}].
The order [number is {order}|was sent on {date}|has two items].
The {product} [is grey|has a cable|runs on batteries|comes with a manual].
It is [okay|average|fine], [nothing more|nothing special|neither good nor bad].
""".strip().splitlines()
SENTIMENT = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL}
SENTIMENT_LABELS = [
    {"positive": "positive", "negative": "negative", "neutral": "neutral"},
    {"positive": "positive", "negative": "negative"},
    {"positive": "happy", "negative": "unhappy"},
    {"positive": "good", "negative": "bad", "neutral": "neutral"},
    {"positive": "satisfied", "negative": "dissatisfied"},
    {"positive": "pos", "negative": "neg", "neutral": "neu"},
    {"positive": "thumbs up", "negative": "thumbs down"},
    {"positive": "happy", "negative": "angry", "neutral": "calm"},
    {"positive": "favourable", "negative": "unfavourable", "neutral": "mixed or neutral"},
]

URGENT = """
This is [urgent|very urgent|extremely urgent].
[Please|You must] [help|act|fix this|respond] [immediately|right now|at once|as soon as possible].
[We cannot work|Nobody can work|Production has stopped|Our shop is closed] until this is [fixed|solved].
[I need|We need] [an answer|a solution|help] [today|within the hour|by {time} today|right away].
It is [an emergency|critical|blocking us], [please hurry|we lose money every minute].
ASAP please, [our customers are waiting|the deadline is today|we are losing money].
[This cannot wait|It cannot wait], [the deadline is in an hour|we present it today|please call me now].
[Everything|All work|The whole team] is [blocked|standing still|stopped], [please hurry|fix it now].
[We are losing|This costs us] [customers|money|thousands] every [hour|minute].
[Drop everything|Top priority], [this is critical|we need help now|it is an emergency].
""".strip().splitlines()
NOT_URGENT = """
[There is no hurry|No rush|No hurry|This is not urgent].
[Whenever|When] you [have time|find the time|have a moment] [is fine|would be nice|is early enough].
[It can wait|This can wait] [until next week|until next month|a few days].
[Take your time|No need to hurry], [any time is fine|I can wait|next week is fine].
It is [not important|only a small thing|a minor issue|low priority].
[Just|Only] [a question|for your information|a small question], [no action needed|nothing urgent].
[I can wait|We can wait], [it is not pressing|it is only a detail|there is no deadline].
[Next week|Next month|Some time this year] [is fine|would be early enough|is soon enough].
[Please look at it|Answer] when it [suits you|is convenient], [it is not urgent|there is no rush].
[It is only a detail|A small thing], [take your time|it can wait|no hurry].
""".strip().splitlines()
MEDIUM = """
[By the end of the week|In the next few days|Within three days] would be [good|fine|great].
[Please answer|Please reply|Please fix it] [this week|in the next days|by {weekday}].
It would be good to [have|get] [an answer|it|a solution] [by {weekday}|this week].
It is [somewhat important|annoying but we can work|not critical but should be done soon].
[Some time this week|A reply this week|Help in the next days] [is enough|would help].
We can [work around it|manage] for [a few days|two days], but [not much longer|please fix it soon].
""".strip().splitlines()
URGENCY = {"high": URGENT, "low": NOT_URGENT, "medium": MEDIUM}
URGENCY_LABELS = [
    {"high": "urgent", "low": "not urgent"}, {"high": "high", "low": "low"}, {"high": "high", "medium": "medium", "low": "low"},
    {"high": "critical", "medium": "normal", "low": "low"}, {"high": "urgent", "low": "can wait"},
    {"high": "P1", "medium": "P2", "low": "P3"}, {"high": "high priority", "low": "low priority"},
    {"high": "immediate", "medium": "soon", "low": "later"}, {"high": "urgent", "low": "routine"},
    {"high": "emergency", "low": "no hurry"}, {"high": "urgent", "medium": "normal", "low": "low"},
]

GREETINGS = ["Hello,", "Hi,", "Dear team,", "Dear Sir or Madam,", "Hi there,", "Good morning,", "Hello team,", "Hi {first},",
             "Dear {first},", "Dear support team,", "Hey,", "To whom it may concern,", "Good afternoon,", "Hi all,"]
CLOSINGS = ["Thanks", "Thank you", "Best regards", "Kind regards", "Regards", "Many thanks", "Best", "Cheers",
            "Thank you in advance", "Sincerely", "With kind regards", "Thanks in advance"]
FILLERS = ["I hope you are well.", "Thank you for your help.", "Please let me know.", "I look forward to your answer.",
           "Please get back to me.", "I have been a customer for {duration}.", "Let me know if you need anything else.",
           "I already tried it twice.", "Please confirm.", "Thanks for looking into this.", "I bought it on {date}.",
           "I tried to call but nobody answered.", "This is the second time I write.", "My customer number is {customer}.",
           "You can reach me at {phone}.", "My e-mail is {email}.", "We work with {company}.", "I live in {city}.",
           "What should I do?", "Please advise.", "Could you look into this?", "How should we proceed?"]
