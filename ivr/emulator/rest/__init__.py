"""The REST side: what the official client calls under /2010-04-01/Accounts."""
