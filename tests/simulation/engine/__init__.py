"""The fault simulation: whole imports through the real handlers, a fault at any AWS call.

    machine = Machine()
    run = machine.run(Plan(scene="plain", order="fifo", faults={17: "kill_after"}))
    run.violations

One thread, a virtual clock, every AWS call numbered. Concurrency is explored at AWS calls, for the
handlers share nothing else: inside a call a duplicate, another import or the whole rest of the
world is run to its end, and then the call goes on.
"""

from tests.simulation.engine.machine import Machine, Report
from tests.simulation.engine.plans import Plan, kinds_for

__all__ = ["Machine", "Plan", "Report", "kinds_for"]
