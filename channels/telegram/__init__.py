"""Telegram by the Bot API: updates are asked for or brought, answers go out as messages."""
