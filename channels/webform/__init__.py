"""The web form: a page that works on any phone, and the receipt that answers it."""
