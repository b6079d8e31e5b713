"""Make the failure happen and measure every fix: moving load balancers, forgetful firewalls, real DNS, real packets.

A cell is one scenario under one policy with one method. Each cell gets a world of its own: three network namespaces
(pod, firewall, internet), made without root inside one user namespace. Nothing here decides what is right; it counts.
"""
