"""`when`: a condition in CEL that must hold (attribute-based access control)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from gateline.authz.cel import MAX_LENGTH, ConditionError, compiled
from gateline.authz.made_once import made_once
from gateline.context import Context
from gateline.schema.model import Model
from gateline.values.decision import Deny, deny


def _checked(source: str) -> str:
    try:
        compiled(source)
    except ConditionError as error:
        raise ValueError(str(error)) from error
    return source


Expression = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(_checked)]


class When(Model):
    """`{cel: "identity.tenant == 'acme'", mode: shadow}`; a bare text is the expression."""

    cel: Expression
    mode: Literal["enforce", "shadow"] = "enforce"


@made_once
def when_step(source: str) -> Any:
    """The step that refuses a request for which the condition does not hold."""
    condition = compiled(source)

    def check_condition(context: Context) -> Deny | None:
        fault = condition.fault(context)
        return None if fault is None else deny("forbidden", f"the condition {fault}")

    return check_condition
