"""The application's own fix: HTTP clients that send no request on a connection that should no longer be used.

One pure policy (`policy`), one DNS cache by real TTL (`dns`), one book of connections (`ledger`), and a thin adapter
for each library: `httpx`, `requests`, `urllib3`, `aiohttp`. An adapter imports its library and nothing of the project
outside this room; dnspython is loaded with the first name that has to be looked up.
"""
