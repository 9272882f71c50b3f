"""The plugin that was there before: it tells the upstream which team owns the route."""

version = "2.4.0"
priority = 500
Schema = ({"team": {"type": "string", "required": True}},)


class Plugin:
    def __init__(self, config):
        self.team = config["team"]

    def access(self, kong):
        kong.service.request.set_header("x-team", self.team)
