"""Greets whoever the event names."""
import logging

log = logging.getLogger()
log.setLevel(logging.INFO)


def handler(event, context):
    name = event.get("name", "world")
    log.info("greeting %s", name)
    return {"message": "Hello, %s!" % name, "requestId": context.aws_request_id}
