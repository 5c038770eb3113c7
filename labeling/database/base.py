"""Django's Postgres backend, which asks whether a kept connection lives without a round trip.

Django looks for the class ``DatabaseWrapper`` in the module ``base`` of the ``ENGINE``.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    def is_usable(self) -> bool:
        """Whether the connection kept from the last request still works.

        A server that went away has said so or has closed the socket: either can be read. Between
        requests nothing else arrives, so only then is a ``SELECT 1`` worth its time.
        """
        if self.connection is None or self.connection.closed:
            return False
        arrived = select.poll()
        arrived.register(self.connection.fileno(), select.POLLIN)
        return not arrived.poll(0) or super().is_usable()
