"""SMS and WhatsApp by Twilio: signed webhooks in, the REST API out."""
