"""The gateway in stock mitmproxy: `mitmdump -n -s addons/gateway.py --set vecgate_config=vecgate.yaml`."""

from vecgate.serve.stock import addons

__all__ = ["addons"]
