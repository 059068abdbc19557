"""The demo firm: three years of a believable company, built in seconds, dated up to today, and taken away whole.

It is a stranger to nobody's data: it fills only an empty database, and everything in it is marked as demo
(`Firm.is_demo`). Its log-ins share one password that is made anew for each installation.
"""
