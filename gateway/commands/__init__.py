"""What a person can ask of the gateway: one module a command, resolved only when it is asked for, so that `serve` loads no demo."""

from __future__ import annotations

# Name to "module:function" (or a group of commands), in the order of the help.
COMMANDS = {
    "serve": "gateway.commands.serve:serve",
    "demo": "gateway.demo.command:demo",
    "practice": "gateway.demo.practice:practice",
    "check": "gateway.commands.check:check",
    "config": "gateway.commands.config:config",
    "bench": "gateway.bench.command:bench",
    "torture": "gateway.torture.command:torture",
    "doctor": "gateway.commands.doctor:doctor",
    "health": "gateway.commands.health:health",
    "trace": "gateway.commands.trace:trace",
    "reconcile": "gateway.commands.reconcile:reconcile",
    "answer": "gateway.commands.answer:answer",
    "assign": "gateway.commands.assign:assign",
    "split": "gateway.commands.split:split",
    "learn": "gateway.commands.learn:learn",
    "parked": "gateway.commands.parked:parked",
    "pause": "gateway.commands.pause:pause",
    "resume": "gateway.commands.pause:resume",
    "user": "gateway.commands.user:user",
    "replay": "gateway.commands.replay:replay",
    "backup": "gateway.commands.backup:backup",
    "drain": "gateway.commands.drain:drain",
    "normalize": "gateway.commands.normalize:normalize",
    "route": "gateway.commands.route:route",
    "evaluate": "gateway.commands.evaluate:evaluate",
    "schema": "gateway.commands.schema:schema",
    "read-mail": "gateway.commands.read_mail:read_mail",
}
