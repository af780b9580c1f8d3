"""A leaver's accounts."""

from __future__ import annotations

from tests.browser.conftest import Opening
from tests.kit.deployed import ADMIN, DeployedStack, accounts_csv

OTHER = "brian.kiptoo@lumina.example"
LEAVER = "lea.leaver@lumina.example"


def test_the_accounts_of_a_leaver_are_handed_over_before_they_leave(
    open_console: Opening, deployed: DeployedStack
) -> None:
    accounts = deployed.new_accounts(2)
    fields = {"name": "Lea Leaver", "roles": ["Sales"], "opco": "Lumina Kenya"}
    made = deployed.api("POST", "/users", body={"email": LEAVER, **fields})
    assert made.status == 201, made.body
    deployed.run(accounts_csv(*((account, LEAVER) for account in accounts)))
    for account in accounts:
        deployed.history(account, 1)  # the list of held accounts follows the same stream
    console = open_console(ADMIN)
    console.open(f"/people/one?email={LEAVER}")
    console.page.get_by_role("link", name="Is leaving").click()
    console.sees("leaving", console.heading("account manager: 2 accounts"))
    console.page.get_by_label("Address of who takes over").fill(OTHER)
    console.button("Preview").click()
    console.sees("preview", console.heading("Who will gain and lose accounts"))
    console.button("Apply these 2 changes").click()
    console.sees("good", console.page.get_by_text("2 accounts changed. All lines were good."))
    for account in accounts:
        deployed.history(account, 2)

    console.open(f"/people/leaving?email={LEAVER}")
    console.button("Deactivate Lea Leaver").click()
    console.sees("gone", console.page.get_by_text("they can neither sign in nor be assigned"))

    assert [deployed.manager(account) for account in accounts] == [[OTHER], [OTHER]]
