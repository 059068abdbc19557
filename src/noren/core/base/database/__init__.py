"""Django's PostgreSQL back end with a cheaper look at a connection before it is used."""
