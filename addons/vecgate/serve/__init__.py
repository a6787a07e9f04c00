"""The mitmproxy substrate: one seal at the wire, fail-closed dispatch, limits, listeners and the gateway's own errors.

    install.install(Wiring(…))   patches mitmproxy once per process; a second call only swaps the callbacks
    master.minimal_master(…)     the launcher's own master
    options, pins                what is refused at start: dangerous options, other versions, changed internals

Facts about mitmproxy 12.3.1 that this package stands on are pinned function by function in `pins`.
"""
