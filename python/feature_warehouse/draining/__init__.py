"""From the request log into the warehouse: ``tables`` are made for it, ``drain`` fills them."""
