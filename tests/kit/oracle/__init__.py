"""The rule oracle of the tests: what Handover must do, written a second time and independently.

It imports nothing of the product (`tests/unit/test_rooms.py` checks that). The simulation, the fuzz
tests, the crash tests, soak runs and the functional tests take what they expect from here; each has
a small adapter for how it sees the product.

    directory        people and accounts, as the rules see them
    rules            who may hold an account, which of repeated lines applies, names of outcomes
    line_requests    what a line of a file asks for
    files            files read again: of people, of Handover (`own_files`) and of the directory
                     (`directory_files`)
    reports          results.csv and errors.csv read again
    remains          counts, reports, histories, portfolios and events that must agree at the end
    ledger           a tenant worked one decision after the other
    histories        whether what was answered can have happened one after the other
"""
