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
        There is [an unknown|an unexpected|a strange] charge of {amount} on my [card|account|bill].
        My card was charged [two times|twice] [for the {product}|for one order], please [return|give back] the [second|extra] payment.
        Two [identical|equal] [amounts|payments] of {amount} [left|were taken from] my account [on {date}|on the same day].
        I paid [once|only once] but [two payments|two charges] [appear|show up] on my [statement|card].
        [The bill|My statement|The invoice] shows {amount}, but [we agreed on less|the price was lower|I should pay half of that].
        [Somebody charged|You charged|Your company charged] my [card|account] {amount} [without my permission|although I bought nothing|for nothing].
        Why [is|was] my [bill|payment|fee] {amount} [this month|this time]? It is [higher than usual|too high|wrong].
        The [same|monthly] [fee|bill|charge] was [booked|deducted|billed] [twice|a second time] [in {weekday}'s statement|this month].
        [Please explain|I do not understand|Can you explain] the [extra|additional|second] [charge|fee|debit] of {amount} on my [card|account|statement].
        You [billed|charged|debited] me [the wrong amount|too much money|more than the price] for order {order}.
        The [charge|debit|billing] of {amount} [is a mistake|was a mistake|is not correct], [I already paid|I paid before|it was paid already].
        [My bank|The bank] says you [charged|debited|billed] [my card|me] [two times|twice].
        I was [wrongly|incorrectly] [charged|billed] [{amount}|for a plan I do not have|for something I did not buy].
        [We were billed|I got a bill] [twice|two times|double] for [the same month|the same service|one purchase].
        The [price|total|amount] [charged|billed|debited] [on {date}|to my card] is [not right|wrong|double]."""),
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
        You [promised|owe me] [a refund|my money back] of {amount} for the {product}.
        [Please return|Give me back|Please send back] my money [for the {product}|for order {order}|, I am not satisfied].
        [When|On which day] [is|will] the refund [paid|be paid|be sent] [to my card|to my bank account]?
        I [returned|cancelled] [order {order}|the order|my booking] and want [my money|the {amount}|the price] [refunded|back].
        [Has my refund|Has the refund] [been sent|been paid|been approved]? I [see no money|have not received it] yet.
        [Can I get|May I have|Is it possible to get] [a refund|my money back] [for the {product}|after 14 days]?
        The [money|sum of {amount}] [was not refunded|has not been returned|was never paid back] [to me|to my card].
        [You refunded|I was refunded] only [part of the money|half of it|{amount}], [the rest is missing|please pay the rest].
        [I ask you to|Kindly|Please] refund [the full price|the purchase price|my payment] of {amount}.
        My [money back request|refund request|claim for my money] [was rejected|was ignored|is not answered].
        [I am entitled|I have a right] to [a refund|my money back] [because you cancelled|under your guarantee].
        [Please transfer|Please pay] the refund [to my account|to another card|to the account I used].
        [The shop|Your colleague|Support] [agreed|promised] to [refund|pay back|reimburse] [{amount}|the full amount|me].
        [Instead of|Rather than] a [voucher|credit] I [want|prefer] [cash back|my money back|a refund].
        [What about|Where is|What happened to] [my refund|my money|the repayment]?"""),
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
        Please put our [purchase order|VAT number] on the [invoice|bill] {invoice}.
        I [need|require|want] [the invoice|a bill|the receipt] for [the {product}|order {order}] [for my taxes|for my boss|for the warranty].
        [Please issue|Please create|Please make] [an invoice|a new invoice] for [order {order}|{amount}|our last order].
        [Can you|Could you|Will you] [send|mail|email] [the invoice|the receipt|a copy of the bill] [again|to me|as a PDF]?
        The invoice [is missing|was not in the parcel|never came|did not arrive with the goods].
        [Our tax office|Our auditor|My accountant] [asks for|wants|requires] [a copy of the invoice|all invoices|the receipt of {date}].
        [Please correct|Please change] the [name|address|date] on [the invoice|invoice {invoice}|the receipt].
        We [need|require] [invoice {invoice}|a copy of the invoice|the invoices] [with our VAT number|in English|on paper].
        [How do I get|Where is|How can I print] [an invoice|the receipt|my invoice] for my [purchase|order|payment]?
        [No invoice|No receipt] [was attached|was enclosed|came with the order].
        The [PDF|link|file] of invoice {invoice} [cannot be opened|is empty|is damaged], please send it [again|once more].
        For [bookkeeping|tax reasons|our files|the expense report] [we need|I need] [an invoice|a receipt|the bill].
        [From now on|In future] [please send|send] [our invoices|all invoices|the bills] [to {email}|by e-mail|by post].
        [I would like|We would like] [a copy|a duplicate|a printout] of [invoice {invoice}|the bill|our invoices].
        [Please add|You forgot] [our tax number|the purchase order|the company name] [to the invoice|on the invoice|on the receipt]."""),
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
        Paying by [card|bank transfer|direct debit] [fails|does not work|is not possible] [since {date}|on your site].
        [Every time I pay|When I pay|When I want to pay] [the card is refused|I get a payment error|the payment fails].
        [Your site|The shop|The terminal] [says|reports] that my [card|payment|credit card] [is declined|was refused|is not accepted].
        [My payment|The payment|Our payment] for order {order} [did not work|failed|could not be processed].
        [The payment could not be completed|Payment was not successful|The transaction was cancelled], [what can I do|please help|can I pay another way]?
        I [wanted to pay|tried paying] [with my card|by credit card|by direct debit], but [it was rejected|it failed|it does not work].
        [Can I|May I|Is it possible to] pay [by bank transfer|with another card|in instalments|by cheque]? [The card fails|My card is not accepted].
        [The bank|My bank] [rejected|returned|stopped|blocked] the [payment|debit|transfer] of {amount}.
        My [new|replacement] [card|credit card] is [not accepted|refused|declined] [at checkout|by your system].
        The [card payment|online payment|transaction] [was interrupted|timed out|was aborted|stopped halfway].
        [I enter my card number|I type my card details] and [the payment is refused|checkout fails|it says declined].
        [Our|The] [monthly|automatic] payment [failed|was rejected|was declined] because the card [expired|has changed].
        [Checkout|The checkout page|The payment form] [will not take|refuses|does not take] my [card|payment|bank details].
        [Two attempts|Three attempts|All my attempts] to pay [failed|were declined|were rejected].
        The [payment|card] was [declined|refused|rejected] although there is [enough money|money in my account]."""),
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
        Installing [the update|version {version}] [fails|ends] with error {error}.
        The [app|program|software] [keeps crashing|crashes all the time|always crashes] [on my phone|on my laptop|since {date}].
        [There is|I found] a [bug|software bug|mistake] in the [app|program|export|calendar view].
        [Saving|Exporting|Uploading|Printing] [a file|a report|a document] [gives an error|crashes the app|does not work in the program].
        [The app|The program|Your software] is [very slow|extremely slow|full of bugs|unusable] [since the last update|in version {version}].
        An error [appears|pops up|is shown] [on the screen|in the app] [when I click|when I open a file|after the update].
        [When I press|When I click] [save|send|export|print], [nothing happens|the app closes|an error message appears|the program hangs].
        [The new version|Version {version}|The last update] [has a bug|broke the export|made everything slow|does not run].
        [The button|The menu|The form|The report] in the [app|software] [does not react|shows wrong data|is empty].
        I [get an error|see an error message|see code {error}] [in the app|on the website|when loading the page].
        The [program|app] [does not open|will not start|closes by itself|stops responding] [on my computer|any more].
        [My data|A file|A report] [disappeared|was not saved|is shown wrongly] [in the app|after the crash|after an error].
        [Files|Photos|Documents] [cannot be uploaded|do not load|do not open] in the [app|software|program].
        The [website|web page|form] [has an error|displays an error|is not displayed correctly|looks broken] in [my browser|Chrome|Firefox].
        [Syncing|The import|The update] [does not work|stops|hangs] [at 50 percent|with an error message|halfway]."""),
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
        Your [servers|systems] are [unreachable|not reachable|offline] [from {city}|for all of us|since {time}].
        [Nothing works|All systems are down|Everything is offline] [here in {city}|in our office|since {time}].
        The [website|service|system|platform] [cannot be reached|is not reachable|does not respond] [for anyone|since {time}|at all].
        [None of us|Nobody|No one in the company] [can connect|has a connection|can reach the server].
        [Since {time}|Since this morning] [the server|the network|the whole site|the service] [is down|is out|is unavailable].
        [Is the server|Is your service|Is the system] [down|offline|out of order]? [We cannot connect|Nobody can connect].
        [We have no|There is no] [internet|network|connection|phone service] [in the whole building|in {city}|since {time}].
        The [outage|downtime|interruption] [started|began] at {time} and [all customers|everyone|the whole company] is affected.
        [The mail server|The database|The cloud service] [went down|crashed|is offline], [all users are affected|no one can use it].
        [When will the service|When will the system|When will the network] be [back|available again|up again|restored]?
        Your [platform|site|cloud] [has been down|is unavailable] for [{duration}|hours], [all our users complain|everyone is waiting].
        [A total failure|A complete failure|A network failure] [stopped|has stopped] [all systems|the servers|the service] [at {time}|in {city}].
        The [connection|line|network] [is interrupted|broke down|went dead] [for all users|in the whole office|at {time}].
        [The servers|All servers|Several systems] [are not responding|do not answer|went offline] [since {time}|again]."""),
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
        [Signing in|Logging in] [fails|does not work] [with my password|since I changed my phone], my login is {email}.
        I [can't|cannot|could not] [sign in|log in|get into my account] [today|with the new password|on my phone].
        [My password|The password] [is wrong|is not accepted|has expired|was rejected] [when I log in|at login].
        I [need|want] [a new password|a password reset|to reset my password].
        [I forgot|I have forgotten] my [user name|login|password] and [cannot sign in|cannot get in].
        The [code|link|e-mail] [to reset my password|to log in|for the login] [never arrives|is not sent|does not work].
        [After three wrong passwords|After the password change] my [account|user] [is blocked|is locked|cannot log in].
        [The portal|The system|The app] does not [accept|recognise|know] my [password|login|user name].
        [Logging in|Login|Sign-in] [is impossible|fails every time|gives an error|does not work].
        [Please send me|Can I have|I am waiting for] a [new password|reset link|new login code].
        [My two-factor code|The code from my phone|My fingerprint] [is not accepted|does not work] [when I sign in|at login].
        [I am locked out|We are locked out] [since {date}|again], please [unlock|open] [my account|the account].
        [I typed|I entered] the wrong password [too often|three times], [now I am locked out|now my account is blocked].
        [Someone must reset|Please reset] the password [for {email}|of my user|for my account].
        [It says|The screen says] [invalid password|wrong user name or password|unknown user] when I [log in|sign in]."""),
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
        Our new [billing address|address|head office] is {address}, please [update|change] [the account|our profile].
        [I have|We have] a new [address|phone number|e-mail address|last name], please [update|change|correct] [my data|my details|our records].
        [Please note|Please use|Here is] [my new address|our new phone number|the new contact data]: [{address}|{phone}|{email}].
        [I got married|I changed my name], please [change the name|update my name] [in my profile|in the account|in your records].
        My [old|current] [address|e-mail|phone number] is [no longer valid|out of date|wrong], [the new one is {email}|please use {phone}|I now live in {city}].
        [Please remove|Please delete] the old [phone number|address|contact] [from my profile|from our account].
        [Where can I|How do I|Can I] [change|edit|update] my [contact details|personal data|address|profile|e-mail address]?
        [We are moving|We will move|I am moving] to {address} [on {date}|next month], please [update our address|change the address].
        [Change|Please correct|Kindly update] the [contact person|billing address|spelling of my name|phone number] [in our profile|of our account].
        [From {date}|From next month] [our address is|you can reach us at] {address}.
        [I want|I would like] to [change|update] [my contact details|the address|my personal details|my user name] [in my account|in your system].
        The new [contact|contact person] for our [account|customer profile] is [{person2}|my colleague], please [update|note] [it|the details].
        [Update|Please change] my [details|personal data|customer data]: [new address|new phone|new e-mail] [{address}|{phone}|{email}]."""),
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
        We [decided|have decided] to [end|terminate|leave] the [contract|plan] [on {date}|at the end of {date}].
        [I am cancelling|I cancel|We cancel] [my subscription|the contract|our plan|my membership] [today|as of {date}|with this letter].
        [I want|We want] to [leave|quit|get out of the contract|stop the service] [at the end of the month|on {date}|now].
        [Please end|Please stop|Please terminate] [my membership|the subscription|our agreement] [on {date}|immediately|before it renews].
        [Do not renew|Please do not renew|Please do not extend] [my contract|the subscription|our membership].
        [Please accept|Here is|Attached is] my [cancellation|notice of termination|notice] for [contract {contract}|the subscription|my plan].
        [How|Where] can I [cancel|terminate|unsubscribe|end my contract]?
        [What is|How long is] the [notice period|cancellation period] [for contract {contract}|of my subscription|to end the contract]?
        I [found another provider|am not using the service|do not use it enough], so [please cancel|I want to cancel|please end the contract].
        [My subscription|The contract|The membership] should [end|stop|be cancelled] [on {date}|this month|now].
        [Unsubscribe me|Cancel my plan|Cancel the membership|Terminate my contract], please.
        [We will not|I will not] [continue|extend|renew] [the contract|our subscription|the plan] [next year|after {date}].
        [Has my cancellation|Has the termination] [been received|been processed|been accepted]?
        [Your service is too expensive|It is too expensive for me], I [cancel|am leaving|want to end my subscription].
        [I wish to|I hereby] [withdraw from|terminate|cancel] [the contract|the agreement {contract}|my subscription]."""),
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
        Order {order} was [promised|due] for {date} but [nothing came|it is not here|no parcel arrived].
        [The delivery|My delivery|Our shipment] is [late|very late|overdue|two weeks late].
        [I am still waiting|I have been waiting] [for my parcel|for the {product}|for my order] [since {date}|for {duration}].
        [Where is|What happened to|Can you find] [my parcel|my order|the shipment|the {product} I ordered]?
        [When does|When will] [my parcel|the {product}|my delivery] [arrive|come|get here]?
        [The parcel|My package|The shipment] [did not come|was not delivered|is still in transit|is stuck at the depot].
        [Nothing|No parcel|No delivery] [has arrived|came|was delivered] [yet|today|so far].
        [According to|In] the tracking [the parcel is|it is|my order is] [still in {city}|not moving|on the way for days].
        [You promised|The shop promised] [delivery|to deliver] [by {date}|within three days], but [nothing came|it is not here|I have no parcel].
        [The courier|The carrier|The post] [says|claims] [the parcel was delivered|it was delivered], but [I have nothing|I did not receive it].
        [Has order {order}|Has my order|Has the {product}] been [shipped|sent|dispatched] [yet|already]?
        [Order {order}|My order|The shipment] [should have come|was expected|should have been delivered] [on {date}|last week].
        [How long|How much longer] [does delivery take|does shipping take|must I wait for my parcel]?
        [The goods|The boxes|Our order] [have not been delivered|are delayed|are late|have not reached us].
        [I need|We need] the [delivery|parcel|goods] [soon|now], [it is late|it is delayed|it should be here]."""),
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
        The [screen|handle|battery|wheel] of the {product} was [broken|cracked|dead] when it [came|arrived].
        [The {product}|The item|It] [was broken|was damaged|is broken|is defective] [when I opened the box|on arrival|out of the box].
        [I received|I got|We received] a [broken|damaged|defective|faulty] {product}.
        [The glass|The case|The leg|A part] of the {product} [is broken|is cracked|broke off|is damaged].
        After [one day|two weeks|a month] the {product} [stopped working|broke|died|fell apart].
        The {product} [does not work|has a defect|is faulty|has a hole|is cracked|leaks].
        [Is this|Is it] [covered by the warranty|under warranty]? The {product} [is broken|is defective|broke].
        [I want|I need|Please send] [a replacement|a new one|a repair] for the [broken|damaged|defective] [item|{product}].
        [The parcel|The box] [was crushed|fell down|was damaged in transit] and [the goods are broken|the {product} is broken|everything is damaged].
        [There are|I see] [scratches|dents|cracks|holes|stains] on the {product}.
        [My|The] {product} is [already broken|defective|damaged|not working] [after the first use|after a few days|since yesterday].
        [Several|Some|Two] [items|pieces|parts] [arrived broken|are damaged|are defective|were cracked].
        [Can you repair|Can you replace|Please fix] [my {product}|the broken {product}]? It [has a crack|is defective|does not switch on].
        The [quality|material] is [poor|bad], the {product} [broke|tore|cracked|bent] [at once|after a week].
        The [motor|display|zip|button|cable] of [my|the] {product} is [broken|defective|loose|damaged]."""),
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
        The [size|colour|model] of the {product} is [not the one I ordered|different from my order|wrong].
        [You sent me|I received|We got] the wrong [item|product|article|colour|size].
        [The wrong product|The wrong item|A different item] [was delivered|arrived|was in the box|came].
        [I ordered|We ordered] [the {product}|a red one|size M] but [you sent|there came|I received] [the {product2}|a blue one|size L|something different].
        [This is not|That is not] [the {product} I ordered|my order|what we ordered|the right model].
        [There was a mix-up|You mixed up the orders], I [got|received] [the {product2}|another customer's order|the wrong box].
        [Please send|Please deliver|I still need] the [right|correct] [item|product|size|colour], [you sent the wrong one|I got another one].
        [The box contained|In the box was|In the parcel I found] [another product|the {product2}|something I did not order].
        [Two items|Some items|One article] [are missing|were missing|is missing] [in my order|from the box|in order {order}].
        [Wrong colour|Wrong size|Wrong model|Wrong item]: I [ordered|wanted] [the {product}|another one].
        [I did not order|I never ordered|We did not order] [this|the {product2}|that item], [I ordered the {product}|please take it back|it is a mistake].
        [Only part|Only half] of [my order|order {order}] [came|was in the parcel|was delivered], [the {product} is missing|the rest is missing].
        The [delivered|received] [item|{product}] [does not match|is different from|is not the same as] [my order|what I ordered|the picture]."""),
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
        Which [address|form|label] do I use to [return|send back] the {product}?
        [How do I|Where can I|Can I] [return|give back|send back] [the {product}|my order|something I bought]?
        [I am returning|We are returning|I am sending back] [the {product}|order {order}|two items].
        [I need|Please send me|Where do I find] [a return label|the return form|the address for returns].
        [Do I have to|Who must|Must I] pay [for the return|the return postage|to send it back]?
        [The {product} does not fit|It does not suit me|I bought too many], [can I return it|I want to return it|I would like to send it back].
        [I want to|May I|We wish to] [return|exchange|bring back] [the unused item|the {product}|it] [within 14 days|next week].
        [How long|How many days] [do I have|can I take] to [return|send back] [an item|the {product}|my order]?
        [Is it possible|Is it okay] to [return|send back] [the {product}|an opened item] [without the receipt|in another box]?
        [The return|My return|Our return shipment] [of the {product}|for order {order}] [was sent|is ready|is on its way] [on {date}|to you].
        [Please pick up|Can you collect|When will you collect] the [returned goods|return|{product}], [I am sending it back|we want to return it].
        [Please arrange|I want to register|I would like to start] a return [for order {order}|for the {product}|of two items].
        [I no longer want|I do not want|We do not need] the {product}, [please take it back|I am returning it|how do I send it back].
        [Has my return|Did my return|Has the returned item] [arrived|been received|reached you]?"""),
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
        {company} [plans|wants] to [buy|order] {quantity} {goods}, [please quote|what is your price].
        [How much|What] [does it cost|is the price|do you charge] for [{quantity} {goods}|your service|a licence for {quantity} people]?
        [We need|We want|I want] [a price|a quotation|an offer|your best price] for [{quantity} {goods}|the {product}].
        [Please send|Could you send|May I have] [your price list|your catalogue|a brochure|more information on prices].
        [We plan to buy|We intend to order|We would like to purchase] {quantity} {goods}.
        [Is there|Do you give|Can we get] [a discount|a lower price|a special price] for [large orders|new customers|students|{quantity} pieces]?
        [Do you sell|Can I buy|Can we order] [{goods}|the {product}|spare parts] and [at what price|what does it cost]?
        [I am interested in|We are thinking about] [buying|ordering] [the {product}|your software|{goods}], [please call me|please send an offer].
        [What are|Please tell me] your [prices|rates|conditions|terms] for [{goods}|companies|resellers]?
        [Can someone|Could your sales team|Please have someone] [call us|contact me|visit us] about [an offer|buying {goods}|your products]?
        [We are|Our company is] looking for [{goods}|a new supplier|an offer for {goods}].
        [Please quote|Please make an offer|Please give us a price] for [{quantity} {goods}|the {product}|a yearly plan].
        [What is the difference|Which is cheaper]: the [basic|small] plan or the [premium|large] plan, and what [do they cost|are the prices]?
        [Can I try|Is there a free trial of|May we test] [the {product}|your software] before [buying|we buy|we order]?"""),
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
        [It would help|It would be nice] to have [a dark mode|reminders|an option to sort|a better search].
        [Please add|You should add|Can you add] [a new feature|a search function|dark mode|a filter|an export button].
        [It would be|That would be] [nice|useful|great|helpful] to [have a search|sort by date|export to PDF|work offline] [in the app|in the next version].
        [I have|We have|Here is] [an idea|a suggestion|a wish|a proposal] for [your app|the product|the next version].
        [Will there be|Do you plan|Are you planning] [a mobile app|dark mode|an integration with Excel|a new function for teams]?
        [I am missing|I miss|We are missing] [a feature|a function|an option] to [print lists|undo changes|share folders|tag files].
        [Could the app|Could the software|Can the program] [also show|also offer|support] [a calendar|more languages|charts|bigger fonts]?
        [A button|A function|A view] [for printing|to copy rows|for teams|to compare versions] would be [great|useful|a good idea|helpful].
        [Many users|My colleagues|We all] would [like|love|welcome] [a dark mode|a better search|automatic reminders|a new view].
        [My wish|My suggestion|Our proposal] for [the next version|the app]: [larger buttons|a weekly report|more colours|voice input].
        [Why not|What about|How about] [adding|building] [a map|a chat|an archive|a dark mode] [to the app|into the program]?
        [I suggest|I would suggest|We propose] to [add|include|offer] [more colours|a summary|shortcuts|templates].
        [An improvement|A nice improvement]: [show the date in the list|let us sort columns|add templates|save the filter]."""),
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
        [What a great|Such a wonderful] [team|product|shop], [thanks|thank you] [for everything|to {person2}].
        [Thank you|Thanks|Many thanks] for [your help|the great help|everything|the fast delivery|your patience].
        [Your team|Your staff|{person2}] [did a great job|is fantastic|was wonderful|helped me a lot].
        [I am|We are] [very satisfied|very pleased|extremely happy|so grateful] [with your help|with the service|for the support].
        [Excellent|Perfect|Brilliant|Super] [service|support|work], [thank you|thanks a lot|well done].
        [Just a quick note|I am writing] to [say thanks|thank you|tell you how happy I am|praise {person2}].
        [Please tell|Please thank|Give my thanks to] {person2} [for me|for the friendly help|for the good work].
        [I have never had|I never had] such [good|great|friendly] [service|support|help], [thank you|thanks].
        [Everything worked|Everything arrived|It all went] [perfectly|great|very well], [thank you|many thanks|great job].
        [I really appreciate|We appreciate|I am grateful for] [your help|the quick answer|your good work|the kind support].
        [Well done|Great job|Good work], [your team is the best|we love the product|I am impressed].
        [What|Such] [friendly|helpful|kind] [people|staff|support], [I will come back|I will tell my friends|thank you].
        [The problem was solved|My question was answered] [quickly|in minutes|at once], [thank you so much|great service|wonderful].
        The {product} [makes me happy|is a joy to use|is the best I ever had], [thanks|thank you|great work]."""),
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
        [The staff|Your team] in {city} is [rude|impolite|disrespectful], I [want an apology|wish to complain].
        [Your|The] [employee|waiter|cashier|driver|technician] was [rude|unfriendly|impolite|very unfriendly] [to me|to my wife|to our guests].
        [I am|We are] [very unhappy|angry|upset] about [the behaviour of {person2}|how your staff treated me|the rude driver].
        [I want to|I must|I have to] complain about [your employee|a rude colleague|the man on the phone|the treatment in your shop].
        [{person2}|The agent|Your colleague] [did not listen|was arrogant|insulted me|was disrespectful|shouted at my mother].
        [The person|The woman|The man] [at the desk|on the hotline|in your shop] was [rude|unfriendly|not polite] and [did not help|hung up|laughed].
        [This is|I am making] a [formal|serious] complaint about [{person2}|your staff|an employee in {city}].
        [I was treated|We were treated|My wife was treated] [badly|rudely|like a fool|without respect] by [your staff|{person2}|the driver].
        [How can|Why does] [{person2}|your employee|the agent] [talk|speak] to [customers|people|me] [like that|so rudely|in this way]?
        [The way|The tone in which] {person2} [spoke to me|answered|treated us] was [unacceptable|terrible|very rude].
        [I demand|I expect|I want] an apology [from {person2}|from your staff|for the rude behaviour].
        [Your driver|Your technician|The guard] [swore at me|yelled at us|threw the parcel at me|was aggressive].
        [Your service people|Your agents|The staff] are [rude|impolite|arrogant|unfriendly] and [do not care|do not listen]."""),
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
        Can I [move|carry over|take] my [holidays|vacation days|remaining leave] [to next year|in {date}|on {date}]?
        [I would like|I want|May I have] [to take a holiday|some days off|a week off|vacation] [from {date}|in the week of {date}].
        [I will not be|I cannot be] [at work|in the office] [on {date}|until {date}], [I am ill|I am on holiday|I have a cold].
        [My child is ill|I have a fever|I am sick], so I [stay at home|cannot work] [today|until {date}].
        [Please enter|Please register|Here is] my [holiday|vacation|sick leave|absence] [from {date} to {date2}|on {date}].
        [How much|How many days of] [holiday|vacation|annual leave] [do I have left|is left|can I still take]?
        [Is my|Has my] [vacation|holiday|leave request] [approved|been approved|for {date} okay]?
        [I request|I apply for|I ask for] [leave|holiday|three days off|special leave] [on {date}|from {date} to {date2}].
        [I am on|I will be on|My] [parental leave|maternity leave|sick leave] [starts on {date}|from {date}|until {date}].
        [The doctor|My doctor] [wrote me off sick|says I must rest] [until {date}|for a week], [I cannot come to work|the sick note is attached].
        [I want to cancel|I must change|Please move] my [vacation|holiday|days off] [in {date}|from {date}|to {date2}].
        [Can I|Could I|May I] [leave early|stay at home|take the day off|have a free day] [on {date}|on {weekday}]?
        [I am planning|We are planning] a [holiday|family trip], so I [need|request] [time off|vacation] [from {date}|until {date2}].
        [My sick note|The sick note|A doctor's note] [is attached|follows by mail], I [will be away|am absent] until {date}."""),
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
        The [overtime|bonus|travel allowance] is [not on my payslip|missing from my salary|not paid].
        [I have not|We have not] [received|got] [my salary|our wages|my pay] [this month|for last month|yet].
        [My salary|My pay|My wage] [is late|is missing|was paid wrongly|is lower than agreed].
        [Please check|Could you check|Can you explain] my [payslip|salary|pay|wage slip] [for last month|of {date}].
        [Why is|Why was] [my salary|my pay|the bonus] [lower|so low|only {amount}|not paid] this month?
        [The bonus|My raise|The extra pay|My holiday pay] [was not paid|is not included|is missing] [in my salary|this month].
        [When|On what day] is [the salary|payday|our pay|the wage] [paid|transferred]?
        [Ten hours|My extra hours|My overtime hours] [were not paid|are not in my pay|are missing from the payslip].
        [I need|Please send me] [my payslip|a salary statement|a copy of my payslip|proof of my income].
        [Too much tax|Too much] was [taken|deducted] from my [salary|pay|wages].
        My [salary|pay] should be {amount}, [but I got less|but less was paid|please correct it].
        [Please transfer|Please pay] my [salary|wages] to [my new bank account|another account|a new account].
        [I was promised|We agreed on] [a raise|a higher salary|a bonus of {amount}], but [my pay is the same|it is not on the payslip].
        [There is an error in|Something is wrong with] [my pay|my payslip|the salary run|the wages]."""),
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
        My [application|CV|interview] for the {title} [job|vacancy] was on {date}, is there any news?
        [I am applying|I apply|I want to apply] for the [job|position|role|vacancy] of {title}.
        [Here is|I am sending|I enclose] my [application|CV|resume|cover letter] [for the job|as {title}|for your vacancy].
        [Do you have|Are there|Have you got] any [jobs|vacancies|open positions|job openings] [for a {title}|in {city}|for students]?
        [I am looking for|I would like] a job [as {title}|in your company|in {city}].
        [Thank you for|I confirm] the [invitation to the job interview|interview on {date}|job interview].
        [When is|Where is|Can we move] the [job interview|interview] [with {person2}|for the position|with the candidate]?
        [The applicant|The candidate|Candidate {person2}] [has good references|is a good fit|withdrew the application|did not come to the interview].
        [We need|We want] to [hire|recruit|employ] [a new {title}|two more people|a {title}] [in {city}|from {date}].
        [Please invite|Please reject|Please call] the [applicant|candidate] {person2} [for an interview|for the job|about the position].
        [Did you receive|Have you read|What happened to] my [application|CV|job application]?
        [I have|I bring] [five years|ten years|a lot] of experience as {title} and [want to join you|am looking for a new job|apply for your position].
        [I would like to|I want to] work [for you|for {company}|in your team] as {title}, [my CV is attached|is there a vacancy].
        [The job offer|Our offer|The employment contract] for {person2} [is ready|was accepted|as {title} was sent]."""),
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
        Could you [join|attend] the [call|meeting] about {project} [on {date}|at {time}]?
        [Let us meet|We should meet|Can we meet] [on {date}|at {time}|next week] [to discuss {project}|in {room}|to plan {project}].
        [The meeting|Our appointment|The workshop] [is on {date}|starts at {time}|takes place in {room}|was moved to {date}].
        [When|At what time|Where] [is|do we have] the meeting [about {project}|on {date}|with {company}]?
        [I would like|We would like] to [arrange|plan|schedule|set up] [a meeting|an appointment|a call] [with you|on {date}|about {project}].
        [Please send|Here is|I attach] [the agenda|the invitation|the minutes] [for the meeting|of our meeting] [on {date}|about {project}].
        [Does {date}|Does {time}|Does {weekday}] [suit you|work for you] for [a meeting|our call|the appointment]?
        [I am sorry|Sorry], I [cannot come|am late|have to cancel] [to the meeting|for our appointment|the meeting at {time}].
        [The call|The appointment|Our meeting] at {time} [must be moved|is cancelled|takes place online].
        [Who|How many people] [will come|comes|is invited] to the [meeting|workshop|call] [on {date}|about {project}]?
        [Please reserve|Please book|Can you reserve] [{room}|a meeting room|a room] for [our meeting|the workshop] on {date}.
        [We will discuss|We want to discuss|The topic is] {project} [at the meeting|in our call] on {date} at {time}.
        [I have put|Please put] [the meeting|our appointment|the call] [into the calendar|in your calendar] for {date}.
        [Could we find|Shall we find|Let us find] a [new date|time|slot] for [the meeting|our call|the workshop]?"""),
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
        {person2} should have [read access|permission|admin rights|access] for the {project} [folder|database|project].
        [I need|We need|{person2} needs] [access|read access|write access|permission] [to the {project} folder|to {project}|for the shared drive|to the database].
        [Please give|Please grant|Kindly give] [me|us|{person2}] [access|the rights|permission] [to {project}|for the project folder|to the shared files].
        [I cannot open|We cannot open] the [{project} folder|shared folder|project files], [access is denied|I have no rights|I need permission].
        [Access denied|No permission]: I [cannot see|cannot edit] [the {project} files|the folder|the database].
        [Who can|Can you|Could someone] [give me access|grant access|approve my access] [to {project}|to the folder|to the reports]?
        [Please set up|Please create|We need] [a new user|an account|a user account] for {person2} [with access to {project}|with read rights|on {project}].
        [{person2} left|{person2} has left] the [team|company], please [remove the access|take away the rights|delete the permissions].
        [My access|The access of {person2}|Our permission] [to {project}|for the folder] [has expired|ended|must be extended].
        [I require|I request|I ask for] [admin rights|edit rights|the right to edit] [on {project}|in the {project} project|for the database].
        [Please add|Add] [me|{person2}] to the [{project} team folder|access list|users of {project}|shared mailbox].
        [Please check|Please change] the [rights|permissions|access level] [of {person2}|on the {project} folder].
        [The new colleague|Our partner {company}|The trainee] [needs|should get] [access|rights|permission] [to {project}|until {date}]."""),
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
        The sender {email} [looks fake|is suspicious|wants my password], it is [phishing|a scam].
        [I think|I fear|We think] [we have been hacked|someone stole my data|my account was hacked|this is phishing].
        [There was|We had|I want to report] a [security incident|data leak|hacker attack|data breach|phishing attack].
        [Someone|An unknown person|A stranger] [is using my account|stole my password|got into our system|has our data].
        [I got|We received|A colleague got] [a phishing mail|a fake invoice by mail|a suspicious link|a strange attachment].
        [My computer|The laptop|Our server] [has a virus|is infected|was attacked|shows a ransom note].
        [I lost|Somebody stole|I left in a train] [my work phone|my company laptop|a USB stick with customer data|my access card].
        [Confidential|Secret|Personal] [data|files|documents] [was sent to the wrong person|were stolen|are public|were leaked].
        [Is this|Could this be] [mail|message|link] [real or a scam|phishing|dangerous|fake]? [It comes from {email}|It asks for my password].
        [I entered|I gave|I typed] my password [on a fake page|on a phishing site|to a stranger], [what should I do|is that dangerous].
        The [antivirus|virus scanner|firewall] [found|reports|warns about] [a virus|malware|an attack] [on my laptop|on the server].
        [Somebody pretends|A caller pretends] to be [our boss|the bank|from IT] and [asks for passwords|wants money], [it is a scam|I think it is fraud].
        [Our customer data|A list of passwords|Private data] [can be found|was found|is] [online|on the internet] after [a leak|an attack|a hack].
        [Unknown|Strange|Suspicious] [logins|e-mails|files] [from {country}|on my account], I think [it is an attack|I was hacked]."""),
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
        {company} [sent|wants] [a new clause|changes] in the [agreement|NDA], please [check|review] it [legally|with our lawyer].
        [Our lawyers|The lawyers|The legal team] should [check|read|review] [the contract|this agreement|the new clause].
        [Can you|Could legal|Could a lawyer] [check|review|approve] the [contract|agreement|terms] [with {company}|before {date}]?
        [We received|There is] [a letter from a lawyer|a lawsuit|a legal claim|a court letter] [from {company}|by {company}].
        [Is it|Are we] [allowed|legal|permitted by law] to [use this photo|keep this data|record the call|use the name {company}]?
        [We need|I need] [legal advice|a lawyer|a legal opinion] [on the contract|because of {company}|about the law].
        [What does the law say|What are our legal duties|What are our rights] [about this|if {company} does not pay|in this case]?
        [{company} sues us|{company} takes us to court|We want to sue {company}] [for {amount}|over the contract|for damages].
        [The contract|The agreement|The NDA] with {company} [must be signed|has to be checked|needs a new clause|contains an error].
        [Please draft|Please write|Please prepare] [a contract|an agreement|an NDA|a legal letter] [for {company}|with {company}].
        [The court|The judge|The authority] [wants|asks for] [documents|an answer|a statement] [by {date}|in the case of {company}].
        [Does the clause|Does the contract|Does the law] [protect us|allow that|cover damages|apply here]?
        [The terms|The conditions|The clauses] of the [contract|licence|agreement] [are not legal|are unclear|must be changed by a lawyer].
        [They broke|{company} broke|We may have broken] the [contract|agreement|law], [what can we do legally|please advise legally]."""),
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
        The [PC|laptop|monitor] [in {room}|on my desk] [is dead|is broken|does not start].
        [My laptop|My computer|My PC|My monitor] is [broken|slow|defective|dead|too old].
        [The printer|The copier|The scanner] [is broken|does not work|is jammed|prints nothing|needs toner].
        [I need|Please order|Can I have] [a new laptop|a mouse|a keyboard|a monitor|a headset|a docking station] [for work|for my desk|in {room}].
        [My screen|The monitor|The display of my laptop] [stays black|flickers|is cracked|shows nothing].
        The [keyboard|mouse|headset|charger] [of my computer|on my desk|for my laptop] [does not work|is broken|is missing].
        [The toner|The paper|The ink] [is empty|is out|has run out] in the [printer|copier] [in {room}|on our floor].
        [My computer|My laptop|My PC] [does not turn on|makes noise|gets hot|switches off|will not boot].
        [We need|Our team needs] [two new monitors|more laptops|a bigger screen|new computers|another printer].
        [Please repair|Please replace|Can you fix] [my laptop|the printer in {room}|the projector|my docking station].
        The [beamer|projector|conference phone|camera] [is missing|shows no picture|is broken|does not turn on] [in {room}|for the meeting].
        [The battery|The charger|The hard disk|The fan] of my [laptop|computer] is [broken|dead|empty|too loud].
        [Can IT|Could IT|Please] [bring|install|connect|set up] [a new computer|my new monitor|the printer|a second screen] [in {room}|at my desk].
        [I spilled coffee on|I dropped] my [laptop|keyboard|work phone], [it is broken|I need another one]."""),
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
        The [air conditioning|heating|elevator|kitchen] [on our floor|in {room}] is [broken|dirty|out of order].
        [The heating|The air conditioning|The lift|The elevator] [is broken|is not working|stopped|must be repaired] [in the building|on our floor|again].
        [It is freezing|It is very cold|It is too warm|It is very hot] in [{room}|our office|the building], [please check the heating|the heating is off].
        [The toilet|The sink|The tap|The shower] [is blocked|is leaking|is dirty|is broken] [on our floor|near {room}].
        [There is water|Water is coming|There is a leak] [on the floor|from the roof|in the basement|in {room}].
        [Please clean|Please have someone clean] [our office|{room}|the toilets|the windows|the stairs].
        [The door|The window|The gate|The lock] [of {room}|in the garage|at the entrance] [does not close|is stuck|is broken].
        [The light|A lamp|A bulb] [in {room}|in the corridor|on the stairs] [is out|flickers|must be replaced].
        [Where can I|May I|Can visitors] park [my car|in the garage|at the building]?
        [The trash|The rubbish|The waste bin] [is full|was not emptied|smells] [in the kitchen|in {room}|on our floor].
        [There are|We have] [mice|ants|insects] in [the kitchen|our office|{room}|the building].
        [We need|Please bring|Can we have] [more chairs|a new desk|another table|a key] [in {room}|for the office|for our floor].
        [The kitchen|The coffee machine|The fridge|The dishwasher] [on our floor|in the office] [is broken|is dirty|needs repair].
        [The carpet|The wall|The floor|The paint] in {room} [is dirty|is damaged|needs repair|must be renewed].
        [It smells|There is a strange smell|It is very loud] in [the building|{room}|the corridor]."""),
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
        Could you [book|change] my [flight|hotel|train] [to {city}|in {city}] [for {date}|from {date}]?
        [I have to|I will|We must] [travel|fly|go] to {city} [on {date}|for a conference|to visit a customer].
        [Please book|Can you book|I need] [a flight|a hotel|train tickets|a rental car|a seat] [to {city}|in {city}|for my business trip].
        [My flight|My train|The hotel in {city}] [is cancelled|was cancelled|is full|was changed].
        [How do I|Where do I|Can I] [claim|submit|hand in] [my travel expenses|the taxi receipt|my hotel bill|the train ticket]?
        [Here are|I send you|Attached are] the [receipts|bills|tickets] [of my trip|for the trip to {city}|from my business trip].
        [My travel costs|My trip expenses|My hotel costs] of {amount} [were not paid|have not been reimbursed|are still open].
        [Which hotel|Which airline|Which train] [should I book|can I take|is allowed] [in {city}|to {city}|for business trips]?
        [Do I need|How do I get] a visa [for {country}|for the trip to {city}|to travel to {country}]?
        [I am on|I will be on] a business trip [to {city}|in {country}] [from {date}|until {date}].
        [Please approve|Please confirm|May I have approval for] [my trip|the flight|my journey|the business trip] to {city} [on {date}|for {amount}].
        [The conference|The trade fair|The customer visit] in {city} is on {date}, [I need a hotel|please book a flight|I want to go by train].
        [I missed|We missed] the [flight|train|connection] to {city}, [please rebook|I need another ticket].
        [What is|How high is] the [travel budget|daily allowance|hotel limit] for [{city}|{country}|business trips]?"""),
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
[I am|We are] [happy|glad|pleased|satisfied|thrilled] with [it|the {product}|my purchase|the result].
[Really|Very] [good|nice|happy|pleased|pleasant], [I like it|thanks|no complaints].
[I like|I really like|My family loves|We love] [it|the {product}|this shop|the design|the colour].
[It is|The {product} is] [good|very good|great|beautiful|lovely|perfect|wonderful|excellent].
[The quality|The service|The price|The support] is [great|very good|excellent|outstanding|better than expected].
[It works|It runs|Everything works] [well|great|fine|wonderfully|without any problem|as it should].
[Highly recommended|I recommend it to everyone|I can only recommend it|A clear recommendation].
[I would|I will] [buy it again|come back|order again|use it every day|recommend this shop].
[Great value|Good value|A good price] and [good quality|nice design|fast shipping|easy to use].
[The best|One of the best] [purchase|hotel|shop|meal|service] [I ever had|this year|for years].
[The staff was|The people were|Everyone was] [so nice|very friendly|extremely helpful|kind and patient].
[The food was|The meal was|The coffee was] [tasty|delicious|excellent|fresh and good].
[The room was|The hotel was|The place was] [clean|comfortable|quiet and nice|lovely|beautiful].
[It arrived|The delivery was|Shipping was] [fast|quick|early|sooner than expected], [great|I am happy|very good].
[A fantastic|A brilliant|An excellent|A superb] [product|idea|film|book|team|app].
[Exactly|Just] what I [needed|wanted|was looking for], [perfect|I am happy|great].
[I am impressed|I was impressed|I am amazed], [it is so good|well done|great work].
[Five stars|Ten out of ten|Top|Perfect], [I love it|great job|very happy].
[No problems|No complaints|Nothing to complain about], [it is great|I am satisfied|everything is fine].
[Easy to use|Simple and quick|Comfortable and light] and [it looks nice|it works well|I enjoy it].
[It makes|The {product} makes] my [life|work|day] [easier|better|more fun].
[My children|My colleagues|Our guests|My friends] [love it|are happy with it|enjoy it|like it a lot].
[The support|{person}] [solved my problem|helped me quickly|answered at once], [very good|excellent|I am grateful].
[I was surprised|A nice surprise]: [how good it is|it is better than I thought|the quality is great].
[What a|Such a] [great|lovely|good|beautiful|nice] [{product}|day|film|hotel|present].
[Worth the money|Worth every penny|A bargain], [I am happy|great quality|love it].
[Friendly|Helpful|Fast|Professional] and [good|reliable|kind|quick], [well done|thank you|five stars].
[We had|I had] a [great|wonderful|lovely|good] [time|experience|stay|evening].
[The {product} looks|It looks|It feels] [beautiful|great|elegant|very good|fantastic].
[Thank you|Thanks|Many thanks], [it is perfect|I am so happy|you made my day|great service].
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
[I am|We are] [unhappy|dissatisfied|annoyed|angry|disappointed] with [it|the {product}|my purchase|the result].
[Really|Very] [bad|poor|sad|disappointing|unpleasant], [I do not like it|never again|many problems].
[I do not like|I dislike|My family hates|We hate] [it|the {product}|this shop|the design|the colour].
[It is|The {product} is] [bad|very bad|ugly|awful|horrible|cheap|useless|broken].
[The quality|The service|The price|The support] is [terrible|very bad|poor|unacceptable|worse than expected].
[It does not work|It never works|Nothing works], [I am angry|what a pity|it is useless|so many problems].
[Not recommended|I warn everyone|I cannot recommend it|Stay away from it].
[I would|I will] [never buy it again|not come back|send it back|complain|throw it away].
[Too expensive|Overpriced|Bad value] and [poor quality|ugly design|slow shipping|hard to use].
[The worst|One of the worst] [purchase|hotel|shop|meal|service] [I ever had|this year|for years].
[The staff was|The people were|Everyone was] [so rude|very unfriendly|not helpful|lazy and slow].
[The food was|The meal was|The coffee was] [cold|disgusting|terrible|old and bad].
[The room was|The hotel was|The place was] [dirty|uncomfortable|loud|ugly|a mess].
[It arrived|The delivery was|Shipping was] [late|slow|too late|a disaster], [terrible|I am angry|very bad].
[A terrible|A stupid|An awful|A horrible] [product|idea|film|book|team|app].
[Not at all|Not] what I [needed|wanted|expected], [bad|I am unhappy|what a disappointment].
[I am shocked|I was shocked|I am upset], [it is so bad|what a failure|terrible work].
[One star|Zero out of ten|No stars|Bad], [I hate it|poor job|very unhappy].
[Only problems|Many complaints|Nothing but trouble], [it is awful|I am dissatisfied|everything is wrong].
[Hard to use|Complicated and slow|Uncomfortable and heavy] and [it looks ugly|it fails all the time|I hate it].
[It makes|The {product} makes] my [life|work|day] [harder|worse|a nightmare].
[My children|My colleagues|Our guests|My friends] [hate it|are unhappy with it|complain about it|do not like it].
[The support|{person}] [did not help|ignored my problem|never answered], [very bad|terrible|I am angry].
[I was disappointed|A bad surprise]: [how bad it is|it is worse than I thought|the quality is poor].
[What a|Such a] [terrible|bad|poor|sad|boring] [{product}|day|film|hotel|present].
[Not worth the money|A waste of time|A rip-off], [I am unhappy|poor quality|hate it].
[Unfriendly|Useless|Slow|Unprofessional] and [bad|unreliable|rude|late], [never again|shame on you|one star].
[We had|I had] a [terrible|horrible|bad|awful] [time|experience|stay|evening].
[The {product} looks|It looks|It feels] [ugly|cheap|old|very bad|terrible].
[Sorry|Unfortunately], [it is a disaster|I am so unhappy|you ruined my day|bad service].
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
The {product} [has the size of a book|is made in {country}|is sold in a box|needs two batteries].
[I received|We received|I got] the {product} [on {date}|today|by post|from {company}].
[My colleague|My brother|{person}] [has|owns|uses|ordered] [the same one|a {product}|one too].
[The office|The shop|The museum] is [open|closed] [on {weekday}|from {time}|in the morning].
[There are|It has|The box holds] [two|three|four] [parts|pages|rooms|models|colours].
The [invoice|order|contract] is dated {date}.
[The bus|The train|The flight] [leaves|arrives|goes] at {time} [from {city}|every day|on {weekday}].
[It was|The {product} was] [made|built|sold|produced] in [{city}|{country}|{year}].
[We live|I live|I work|The company is] in {city}.
[The manual|The form|The list] [has ten pages|is in English|is in the box|is on the website].
[The next|The last] [meeting|course|delivery|update] [is|was] on {date}.
[Please see|See|I read] the [attached file|list below|manual|page about the {product}].
[The size|The weight|The number|The length] is [written on the box|given in the list|{quantity}].
[It is neither|Neither] [good nor bad|better nor worse|cheap nor expensive].
[It does|The {product} does] [what it says|its job], [not more and not less|nothing special|average].
[An ordinary|A normal|An average|A standard] {product}.
[I have no opinion|I have not tried it yet|I cannot say much about it|No opinion so far].
[Some things are good, some are not|It has good and bad sides|Partly good, partly bad].
[The box|The bag|The {product}] [stands|is|lies] [on the table|in {room}|next to the door|in the car].
[I have|We have] [one|two|three] of them [at home|in the office|since {date}].
[The workshop|The call|The training] [is about|covers|deals with] {project}.
[The answer|The form|The parcel] [was sent|will be sent] [by e-mail|by post|on {date}].
[They offer|The shop sells|You can order] [{goods}|the {product}|three models] [online|in {city}|in many sizes].
[The package|The parcel] [weighs|costs|is] [two kilos|{amount}|of normal size].
[I changed|I updated|I moved] [the settings|my address|the files] [on {date}|last week].
The [colour|name|model] [is|of it is] [grey|standard|written on the label|the usual one].
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
[Please hurry|Hurry up|Be quick], [we need it now|time is short|every minute counts].
[I need this|We need this|I need help] [now|right now|immediately|today|at once|this minute].
[Urgent|Very urgent|Extremely urgent|Critical|Emergency]: [please answer now|help needed|act today].
[We are stuck|We are blocked|Our work has stopped], [please help immediately|nothing goes on|we need a fix now].
[The deadline is|The deadline ends] [today|in two hours|tonight|in a few minutes].
[Please call|Please answer|Please react] [me immediately|within an hour|now|at once|as fast as you can].
[As soon as possible|As fast as possible|Without delay|Immediately], please.
[It must be|This has to be|It has to be] [done|solved|fixed|ready] [today|now|before noon|within the hour|immediately].
[Our customers|Our clients|All users] [cannot buy anything|are angry and waiting|are affected right now].
[Every hour|Every minute|Each minute] [costs us money|counts|we lose customers|we lose sales].
[This is|We have] an emergency, [act now|please help now|call me at once].
[High priority|Highest priority|Top priority|Priority one], [please solve it today|do it first|this is critical].
[We cannot wait|I cannot wait|Waiting is not possible], [it is critical|we need it today|please act].
[The factory|The shop|The whole office|Our production] [stands still|has stopped|is closed because of this].
[Please treat this|Please handle this|Treat this] [as urgent|with the highest priority|first|immediately].
[I must have|We must have] [it|an answer|a solution] [today|by {time} today|in the next hour|before the meeting starts].
[Help|Help us] [immediately|now|quickly|fast], [it is serious|it is critical|the situation is bad].
[Somebody may get hurt|It is dangerous|There is a risk of injury], [act immediately|please come now].
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
[It is not urgent|This is not urgent|Not urgent at all], [take your time|answer when you can|whenever you like].
[There is plenty of time|We have a lot of time|We have enough time], [no need to rush|no stress].
[No stress|Do not hurry|No pressure], [I am patient|it has time|some day is fine].
[Some time|Any time] [next month|in the coming weeks|this year] [is fine|will do|is okay].
[If you have|When you have|Once you have] [a free minute|some spare time|time], [please look at it|let me know].
[It is a minor|This is a small|It is a tiny] [problem|matter|thing|issue], [it does not matter much|no rush].
[I am only curious|Just curious|I was just wondering|Just wondering], [no hurry|nothing important].
[Low priority|Lowest priority|Priority is low|Not a priority].
[Do it|Answer|Look at it] [whenever you want|some day|at your leisure|when there is nothing else to do].
[It has time|It can stay like that|We can live with it] [until next month|for now|for a long time].
[It does not matter when|I do not mind when|It is fine whenever] [you answer|you do it|it is done].
[Only a detail|Only a cosmetic problem|A cosmetic thing], [nothing is blocked|everything works|no rush at all].
[We do not need it|I do not need it] [soon|before next month|now|this year].
[There is no|We have no] [deadline|pressure|time limit|rush].
[For your information only|Just so you know|Just to let you know], [no reply needed|you need not do anything].
[Please put it|You can put it] [at the end of your list|on the list for later|behind everything else].
[Later is fine|It is okay if it takes long|A late answer is fine|It may take weeks].
[In a few weeks|In a month or two|After the holidays] is [soon enough|fine|early enough].
""".strip().splitlines()
MEDIUM = """
[By the end of the week|In the next few days|Within three days] would be [good|fine|great].
[Please answer|Please reply|Please fix it] [this week|in the next days|by {weekday}].
It would be good to [have|get] [an answer|it|a solution] [by {weekday}|this week].
It is [somewhat important|annoying but we can work|not critical but should be done soon].
[Some time this week|A reply this week|Help in the next days] [is enough|would help].
We can [work around it|manage] for [a few days|two days], but [not much longer|please fix it soon].
[Please do it|Please look at it|Please take care of it] [this week|by {weekday}|within a few days].
[We need it|I need it|It is needed] [this week|by {weekday}|in a few days|by the end of the week].
[An answer|A reply|A solution] [by {weekday}|in two days|within the week] [would be good|is enough|would be nice].
[Not an emergency|No emergency], but [please do not wait too long|it should be done this week|please solve it soon].
[It is quite important|It is fairly important|It matters], [please reply in the next days|this week would be good].
[Normal priority|Medium priority|Standard priority], [this week is fine|within the usual time].
[Please fix it|Please handle it|Please solve it] [in the next two days|before the weekend|by {weekday}].
We [have a workaround|can still work|can go on], but [it should be fixed this week|please repair it soon|it slows us down].
[Within two days|Within the week|In a couple of days] [is fine|would help|would be okay].
[The deadline is|We must be ready] [at the end of the week|on {weekday}|in four days].
[It would be nice|It would help] to [have it by {weekday}|get it this week|hear from you in a few days].
[Could you reply|Can you do it|Could you fix it] [by {weekday}|in the next days|before the weekend|this week]?
[Today is not necessary|It need not be today], but [this week please|by {weekday} please|in the next days please].
[Before the weekend|Until {weekday}|By the end of this week], please.
[I expect|We expect] [an answer|a fix|it] [in the next few days|by {weekday}|this week].
[It is getting|This is becoming] [more important|a problem], [please look at it this week|soon would be good].
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
