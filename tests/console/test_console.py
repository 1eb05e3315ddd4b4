"""The console in a real browser: every page, who gets in, and the way from a new key to a new policy."""

import re

import pytest

from desk import ADMIN_KEY, CALLERS, POLICY, UPSTREAM_KEY

PAGES = {
    "overview": "/console",
    "decisions": "/console/decisions",
    "playground": "/console/playground",
    "policy": "/console/policy",
    "budgets": "/console/budgets",
    "keys": "/console/keys",
    "targets": "/console/targets",
    "models": "/console/models",
}
PROMPT = "Summarize: our customer paid with 4111 1111 1111 1111 and wrote to jane.roe@contoso.com twice."


def test_nobody_gets_in_without_a_key(visit):
    visitor = visit()
    page = visitor.page
    for path in PAGES.values():
        page.goto(path)
        assert page.url.endswith("/console/login"), path
    page.fill("#key", "wrong")
    page.click("button")
    assert page.locator("[role=alert]").count() == 1
    # The browser itself says that a sign-in failed.
    assert all("401" in complaint for complaint in visitor.complaints)
    visitor.complaints.clear()
    visitor.picture("sign-in", full=False)
    page.fill("#key", ADMIN_KEY)
    page.click("button")
    assert page.title() == "Overview · Ambidex"
    cookie = next(cookie for cookie in visitor.context.cookies() if cookie["name"] == "ambidex_session")
    assert cookie["httpOnly"] and cookie["sameSite"] == "Strict" and ADMIN_KEY not in cookie["value"]
    page.click("text=sign out")
    page.goto("/console")
    assert page.url.endswith("/console/login")


@pytest.mark.parametrize("look", ["light", "dark"])
def test_every_page_is_there_and_looks_as_it_should(visit, look):
    visitor = visit(color_scheme=look).sign_in()
    page = visitor.page
    for name, path in PAGES.items():
        reply = page.goto(path)
        assert reply.status == 200, path
        policy = reply.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy
        assert reply.headers["cache-control"] == "no-store"
        assert page.locator("h1").count() == 1
        assert page.locator("nav a[aria-current=page]").count() == 1
        assert page.locator("script").count() == 0
        # Everything that can be typed in or pressed has a name.
        for field in page.locator("main input:visible, main select:visible, main textarea:visible, main button:visible").all():
            assert field.evaluate("it => (it.labels?.[0]?.textContent || it.ariaLabel || it.textContent).trim()"), path
        # Nothing sticks out of the window.
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        # Nor is a table cut off at its card.
        cut = "[...document.querySelectorAll('.scroll, .card')].filter(it => it.scrollWidth > it.clientWidth + 1).length"
        assert page.evaluate(cut) == 0, path
        if look == "light" or name in ("overview", "decisions"):
            visitor.picture(name if look == "light" else f"{name}-dark", full=name not in ("policy", "decisions"))
    page.goto("/console/decisions")
    page.click("tbody tr:has-text('restricted') a")
    assert page.locator(".verdict").count() == 1
    if look == "light":
        visitor.picture("decision")


def test_it_speaks_chinese(visit):
    visitor = visit(locale="zh-CN").sign_in()
    page = visitor.page
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("h1").text_content() == "概览"
    visitor.picture("overview-zh")
    page.goto("/console/budgets")
    visitor.picture("budgets-zh")
    page.click("text=English")
    assert page.locator("h1").text_content() == "Budgets"
    assert page.url.endswith("/console/budgets")


def test_it_can_be_read_on_a_telephone_and_without_scripts(visit):
    visitor = visit(viewport={"width": 390, "height": 844}, java_script_enabled=False).sign_in()
    for path in PAGES.values():
        assert visitor.page.goto(path).status == 200
    visitor.page.goto("/console")
    visitor.picture("overview-telephone", full=False)


def test_the_keyboard_is_enough(visit):
    page = visit().sign_in().page
    page.goto("/console/playground")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "prompt"
    page.keyboard.type("Write a Python function that merges two sorted lists.")
    while page.evaluate("document.activeElement.value") != "decide":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict")


def test_forms_of_others_are_refused(visit, gateway):
    visitor = visit().sign_in()
    before = visitor.page.goto("/console/keys") and visitor.page.locator("tbody tr").count()
    request = visitor.context.request
    forged = request.post("/console/keys", form={"name": "forged", "csrf": "guess"})
    assert forged.status == 403
    foreign = request.post("/console/keys", form={"name": "forged"}, headers={"origin": "http://evil.example"})
    assert foreign.status == 403
    bare = request.get("/admin/api/keys")
    assert bare.status == 401, "a cookie is no key for the API"
    bearer = {"authorization": f"Bearer {ADMIN_KEY}"}
    assert request.get("/admin/api/keys", headers=bearer).status == 200
    assert visitor.page.goto("/console/keys") and visitor.page.locator("tbody tr").count() == before


def test_from_a_new_key_to_a_new_policy(visit, gateway, vendor):
    visitor = visit().sign_in()
    page = visitor.page

    # A key is made, shown once, and good at once.
    page.goto("/console/keys")
    page.fill("[name=name]", "night-shift")
    page.fill("[name=team]", "support")
    page.fill("[name=expires]", "90d")
    page.click("main form.card button[type=submit]")
    key = page.locator("#new-key").input_value()
    assert key.startswith("amb_")
    page.goto("/console/keys")
    assert key not in page.content() and "night-shift" in page.content()
    assert gateway.ask(key, "Write a Python function that merges two sorted lists.")[0] == 200

    # The decision comes first, and nothing is sent for it.
    page.goto("/console/playground")
    page.fill("[name=prompt]", PROMPT)
    page.select_option("[name=caller]", "night-shift")
    seen = len(vendor.bodies)
    page.click("text=See the decision")
    assert "local" in page.locator(".way").text_content()
    assert [it.text_content() for it in page.locator("mark small").all()] == ["financial.credit_card", "contact.email_address"]
    assert "regulated-stays-here" in page.locator(".rules").first.text_content()
    assert len(vendor.bodies) == seen
    visitor.picture("playground-decision")
    # What if there were no such data, and no money?
    page.click("summary:has-text('What if')")
    page.fill("[name=given]", "task.type: code\ndata.labels: []\nbudget.team-month.used: 104%")
    page.click("text=See the decision")
    assert "team-budget" in page.locator(".rules").first.text_content()
    page.fill("[name=given]", "task.types: code")
    page.click("text=See the decision")
    assert "did you mean" in page.locator(".carets").text_content()

    # Then it is sent, and its record can be opened.
    page.goto("/console/playground")
    page.fill("[name=prompt]", "Write a SQL query that lists the ten largest orders.")
    page.select_option("[name=caller]", "night-shift")
    page.click("button.strong")
    assert "scripted vendor" in page.locator(".said").text_content()
    assert len(vendor.bodies) == seen + 1
    page.click("#decision")
    assert "everything-else" in page.locator(".routes .won").text_content()
    assert "night-shift" in page.locator(".lead").text_content()

    # A mistake is shown with its place; a good change is compared, tried on the past and put in force.
    page.goto("/console/policy")
    source = page.locator("[name=source]")
    assert source.input_value().strip() == POLICY.strip()
    source.fill(POLICY.replace("use: [cloud-eu, local]", "use: [cloud-eh, local]"))
    page.click("text=Check and compare")
    assert "did you mean `cloud-eu`?" in page.locator(".carets").text_content()
    before = page.locator(".policy-now code").text_content()
    stricter = POLICY.replace("use: [cloud-best, cloud-eu]", "use: [cloud-eu, local]").replace(
        "expect: { target: cloud-best }", "expect: { target: cloud-eu }").replace("legal gets the best", "legal stays in the EU")
    page.locator("[name=source]").fill(stricter)
    page.click("text=Check and compare")
    changes = page.locator(".changes").text_content()
    assert "another target" in changes and "cloud-best" in changes
    assert "cloud-best (us) by legal-drafts" in page.locator("#backtest").text_content()
    assert page.locator(".policy-now code").text_content() == before, "nothing is in force yet"
    visitor.picture("policy-compare")
    page.click("button.strong")
    assert "The policy is in force" in page.locator("[role=status]").text_content()
    assert page.locator(".policy-now code").text_content() != before
    assert (gateway.folder / "policy.yaml").read_text() == stricter
    status, headers, _ = gateway.ask(CALLERS["legal-drafts"][1], "Draft a clause on warranties.")
    assert (status, headers["x-ambidex-target"]) == (200, "cloud-eu")

    # The key ends.
    page.goto("/console/keys")
    page.click("[aria-label='Revoke night-shift']")
    assert gateway.ask(key, "hello")[0] == 401


def test_a_target_is_asked_whether_it_works(visit):
    page = visit().sign_in().page
    page.goto("/console/targets")
    for name in ["local", "cloud-eu", "cloud-best"]:
        page.click(f"[aria-label='Test {name}']")
        assert page.locator(".notice.good").count() == 1, name


def test_nothing_of_a_text_or_key_is_kept(visit, gateway):
    visitor = visit().sign_in()
    page = visitor.page
    canary = "xylophone-quartz-7731"
    page.goto("/console/playground")
    page.fill("[name=prompt]", f"Write a poem about {canary}")
    page.click("button.strong")
    assert canary in page.locator("[name=prompt]").input_value(), "the page of who typed it"
    gateway.ask(CALLERS["build-bot"][1], f"Explain {canary} and card 4111 1111 1111 1111")
    gateway.ask(canary, "hello")
    secrets = [canary, ADMIN_KEY, UPSTREAM_KEY, "4111 1111", *(key for _, key in CALLERS.values())]
    texts = {path: "" for path in PAGES.values()}
    texts["/metrics"] = ""
    links = page.goto("/console/decisions") and [it.get_attribute("href") for it in page.locator("tbody a").all()[:5]]
    for path in [*texts, *links]:
        texts[path] = visitor.context.request.get(path).text()
    texts["the log"] = gateway.logged()
    for file in gateway.folder.iterdir():
        if file.name not in ("policy.yaml", "log"):
            texts[file.name] = file.read_bytes().decode("latin-1")
    for place, text in texts.items():
        # The examples of the policy itself are no secret.
        text = re.sub(r"paid with 4111 1111 1111 1111|card 4111 1111 1111 1111\)", "", text)
        for secret in secrets:
            assert secret not in text, f"`{secret}` is in {place}"
