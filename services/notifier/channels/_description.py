"""A gateway over HTTP as a description says it: what it is asked, how that is signed, what its answers mean.

Invariant: a description is data. It has names that stand for parts of the message, nothing that is run; every
part of it is bounded, and a name that stands for nothing is a fault of its line.
"""

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, model_validator

from services.notifier.channels import Form, Trouble
from shared.facts import Closed
from shared.lined_yaml import parse, text_of
from shared.message import N_, said

GATEWAYS = Path(__file__).parent / "gateways"
MOST = 64
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Template = Annotated[str, Field(max_length=4096)]
AnswerPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=200)]
"""Where something stands in an answer: keys and numbers of list entries with dots between."""
Paths = Annotated[tuple[AnswerPath, ...], Field(max_length=8)]
Code = Annotated[str, Field(max_length=120)] | int
Codes = Annotated[tuple[Code, ...], Field(max_length=MOST)]
"""An answer's codes; `isv.*` stands for all that begin so."""


def _flat(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(value) > MOST:
        raise ValueError(said(N_("has more than %(most)s entries: leave some out"), most=MOST))
    return value


Fields = Annotated[dict[str, JsonValue], AfterValidator(_flat)]
"""Names and values; in a query or a form, a list or mapping is written as JSON."""


class Acs3(Closed):
    """Alibaba Cloud, ACS3-HMAC-SHA256; secrets `key_id` and `key`."""

    scheme: Literal["acs3"]


class Tc3(Closed):
    """Tencent Cloud, TC3-HMAC-SHA256; secrets `key_id` and `key`."""

    scheme: Literal["tc3"]
    service: str


class Basic(Closed):
    """Name and password (RFC 7617); secrets `key_id` and `key`."""

    scheme: Literal["basic"]


class DingTalkRobot(Closed):
    """`timestamp` and `sign` in the query; secret `key`."""

    scheme: Literal["dingtalk"]


class FeishuRobot(Closed):
    """`timestamp` and `sign` in the JSON body; secret `key`."""

    scheme: Literal["feishu"]


class Hmac(Closed):
    """HMAC of what `over` says, in a header; secret `key`."""

    scheme: Literal["hmac"]
    hash: Literal["sha256", "sha512", "sha1"] = "sha256"
    over: Annotated[str, Field(max_length=400)] = "{timestamp}.{body}"
    """Of `{method}`, `{path}`, `{query}`, `{timestamp}`, `{nonce}`, `{id}`, `{body}`."""
    encoding: Literal["hex", "base64"] = "hex"
    header: str = "X-Signature"
    prefix: str = ""
    timestamp_header: str = "X-Timestamp"
    nonce_header: str = "X-Nonce"


Signing = Annotated[Acs3 | Tc3 | Basic | DingTalkRobot | FeishuRobot | Hmac, Field(discriminator="scheme")]
SIGNING_SECRETS = {
    "acs3": ("key_id", "key"),
    "tc3": ("key_id", "key"),
    "basic": ("key_id", "key"),
    "dingtalk": ("key",),
    "feishu": ("key",),
    "hmac": ("key",),
}


class TakenBy(StrEnum):
    """By what an answer says that the message was taken."""

    STATUS = "status"
    """2xx without a code that says no."""
    OUTCOME = "outcome"
    """2xx with a code of `yes`, and nothing less."""
    REFERENCE = "reference"
    """2xx with a reference, and no code that says no."""


class AnswerMeaning(Closed):
    """What an answer means. A code that is in no list, and no answer of this gateway at all, is its trouble."""

    format: Literal["json", "words"] = "json"
    """words: a line such as `0,20091130`, whose parts are numbered."""
    taken_by: TakenBy
    reference: Paths = ()
    outcome: Paths = ()
    """The first of these that is there."""
    words: Paths = ()
    refused: Paths = ()
    """Something that stands here is a recipient who was left out of what was taken."""
    yes: Codes = ()
    no: Codes = ()
    """About the number or address itself."""
    later: Codes = ()
    ours: Codes = ()
    otherwise: Literal[Trouble.GATEWAY, Trouble.OURS] = Trouble.GATEWAY
    stale: Codes = ()
    """The access token is not good any more: a new one, and once more."""


class ReceiptMeaning(Closed):
    """Where in an item of its call-backs a gateway says which message it means, and what became of it."""

    id: Paths = ()
    """Our own id, where the gateway sends it back; else by its `reference`."""
    reference: Paths = ()
    outcome: Paths
    words: Paths = ()
    delivered: Codes
    """The telephone has it, or the call was answered."""
    failed: Codes
    """It did not arrive: switched off, no such number, busy, nobody picked up."""

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if not (self.id or self.reference):
            raise ValueError(N_("say where the message stands: id, reference or both"))
        return self


class Asking(Closed):
    """One request."""

    method: Literal["GET", "POST", "PUT"] = "POST"
    url: Template
    headers: Annotated[dict[str, Template], Field(max_length=MOST)] = Field(default_factory=dict)
    query: Fields = Field(default_factory=dict)
    json_body: Annotated[JsonValue, Field(alias="json")] = None
    form_body: Annotated[Fields | None, Field(alias="form")] = None
    text_body: Annotated[Template | None, Field(alias="text")] = None

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if sum(body is not None for body in (self.json_body, self.form_body, self.text_body)) > 1:
            raise ValueError(N_("has more than one body: give json, form or text"))
        return self


class TokenAsking(Asking):
    """Where an access token comes from; kept until shortly before it ends."""

    token: AnswerPath
    lasts: AnswerPath
    """Seconds that it is good for."""
    answer: AnswerMeaning


class StandardWebhook(Closed):
    """Signed as Standard Webhooks says; secret `key`."""

    scheme: Literal["standard_webhooks"]


class Twilio(Closed):
    """X-Twilio-Signature over the address and the form; secret `key`, the account's token."""

    scheme: Literal["twilio"]


class SharedSecret(Closed):
    """`?key=` in the address that the provider is given; secret `call_back`. For providers that sign nothing."""

    scheme: Literal["secret"]


class FeishuApp(Closed):
    """Ciphered and signed; secrets `encrypt_key` and `verification_token`, as the application has them."""

    scheme: Literal["feishu_app"]


class WeComApp(Closed):
    """Ciphered and signed; secrets `call_back_token` and `aes_key`, as the application has them."""

    scheme: Literal["wecom_app"]


Proof = Annotated[
    StandardWebhook | Twilio | SharedSecret | Hmac | FeishuApp | WeComApp, Field(discriminator="scheme")
]
"""By what a call-back proves that it is the gateway's."""


PROVES = {
    "call_back": "stands as ?key= in the address that the provider calls back",
    "encrypt_key": "the application's Encrypt Key",
    "verification_token": "the application's Verification Token",
    "call_back_token": "the Token of the application's API for received messages",
    "aes_key": "its EncodingAESKey",
}
"""Secrets without which nothing is taken from a gateway, and nobody is told to reply."""


class AnswerPlaces(Closed):
    """Where a person's answer stands in a call-back. Where no words stand there is none."""

    id: Paths = ()
    """The provider's own id for it, the same on every repeat. Without one, number and words and time are it."""
    number: Paths = ()
    """Whose telephone."""
    country: Paths = ()
    """Its country's code, where that stands apart."""
    words: Annotated[Paths, Field(min_length=1)]
    """The text, or the key that was pressed."""
    about: Paths = ()
    """Our id or the provider's reference of the message that it answers."""
    at: Paths = ()


class ReplyTemplate(Closed):
    """What the provider is answered once everything is stored; `{said}` is what the person is told by it."""

    text: Annotated[str, Field(max_length=1000)]
    type: str = "application/json"


class CallBacks(Closed):
    """What a gateway calls back with: a JSON object, a list of them, or a form."""

    proof: Proof
    form: bool = False
    answers: AnswerPlaces | None = None
    reply: ReplyTemplate | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the secrets that prove it."""
        match self.proof:
            case SharedSecret():
                return ("call_back",)
            case FeishuApp():
                return ("encrypt_key", "verification_token")
            case WeComApp():
                return ("call_back_token", "aes_key")
            case _:
                return ("key",)

    @property
    def says_back(self) -> bool:
        """Whether the person hears by the reply what became of the answer."""
        return self.reply is not None and "{said" in self.reply.text


class ButtonCard(Closed):
    """A message with buttons, sent in place of `json` where people can press them."""

    press: JsonValue
    """A button that answers: `{label}`, `{digit}`, and what any message has."""
    open: JsonValue
    """A button that opens the link."""
    content: JsonValue
    """The card; `{buttons}` is the list of them."""
    json_body: Annotated[JsonValue, Field(alias="json")]
    """The request; `{card}` is its content, `{card_text}` the same as a text of JSON."""


class Parameters(StrEnum):
    NONE = "none"
    MAPPING = "mapping"
    LIST = "list"


class Description(Asking):
    title: str
    docs: str | None = None
    says: Form = Form.SHORT
    """What a channel over it carries unless its entry says otherwise."""
    settings: Annotated[dict[Name, str], Field(max_length=MOST)] = Field(default_factory=dict)
    """What the channel's entry gives under `with`: name and what it is."""
    optional: Annotated[dict[Name, str], Field(max_length=MOST)] = Field(default_factory=dict)
    """The same, but a part of the request that names one which is not given is left out."""
    secrets: Annotated[dict[Name, str], Field(max_length=8)] = Field(default_factory=dict)
    parameters: Parameters = Parameters.NONE
    """The values of the provider's own template, given in the channel's entry."""
    sign: Signing | None = None
    token: TokenAsking | None = None
    answer: AnswerMeaning
    receipts: ReceiptMeaning | None = None
    """What it says later of a message. None: it says nothing, or nobody has described it."""
    call_backs: CallBacks | None = None
    card: ButtonCard | None = None
    with_keys: Fields = Field(default_factory=dict)
    """Of the form, in place of its own, where a key or a digit answers the message; `{back}` is where it
    goes.
    """

    def asking_for_a_key(self) -> "Description":
        if not self.with_keys:
            return self
        return self.model_copy(update={"form_body": {**(self.form_body or {}), **self.with_keys}})

    def optional_secrets(self) -> dict[str, str]:
        """Without it nothing is taken from this gateway, and nobody is told to reply."""
        if self.call_backs is None:
            return {}
        own = [name for name in self.call_backs.secrets if name not in self.needed_secrets()]
        return {name: PROVES[name] for name in own}

    def needed_secrets(self) -> dict[str, str]:
        names = SIGNING_SECRETS[self.sign.scheme] if self.sign else ()
        return {**dict.fromkeys(names, "signs each request"), **self.secrets}


@cache
def shipped() -> tuple[str, ...]:
    """The names of the descriptions that come with the product."""
    return tuple(sorted(file.stem for file in GATEWAYS.glob("*.yaml")))


@cache
def shipped_description(name: str) -> Description:
    file = GATEWAYS / f"{name}.yaml"
    return parse(text_of(file, N_("it comes with the product")), Description, file.name)[0]
