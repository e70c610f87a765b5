"""The CNI protocol on the server side: from a forwarded call to a result, for every cniVersion."""
