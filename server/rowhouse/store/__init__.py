"""The database layer. The packages are independent, except that all of them use `connection`."""
