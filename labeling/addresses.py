"""Client addresses as throttles count them."""

from ipaddress import AddressValueError, IPv4Address, IPv6Address, ip_network

IPV6_SITE_BITS = 64  # what one household or office is given, and its machines choose from


def network_of(address: str) -> str:
    """The part of an address that a person cannot change at will; text that is none stays as it is.

    >>> network_of("192.0.2.7"), network_of("2001:db8:1:2:dead:beef::7"), network_of("unknown")
    ('192.0.2.7', '2001:db8:1:2::/64', 'unknown')
    >>> network_of("::ffff:192.0.2.7")
    '192.0.2.7'
    """
    try:
        return str(IPv4Address(address))
    except AddressValueError:
        pass
    try:
        parsed = IPv6Address(address)
    except AddressValueError:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, IPV6_SITE_BITS), strict=False))
