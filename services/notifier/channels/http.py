"""Any gateway over HTTP, as a description says it: SMS and voice of a provider, robots and work messages of a
chat, a push server. Descriptions that come with the product lie in `gateways/`; an entry may bring its own.

Invariant: a description decides what is asked and what an answer means; nothing in it is run. Secrets come
from files of the secrets folder and stand in no message about what went wrong.
"""

import asyncio
import secrets as randomness
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

import orjson
from pydantic import AfterValidator, Field, JsonValue, model_validator
from yarl import URL

from services.notifier.channels import (
    Channel,
    ChannelConfig,
    Inbound,
    Message,
    Reference,
    Taken,
    TransportError,
    Trouble,
)
from services.notifier.channels._call_backs import DescribedCallBacks
from services.notifier.channels._description import (
    MOST,
    Asking,
    Description,
    FeishuApp,
    Name,
    Parameters,
    Template,
    TokenAsking,
    WeComApp,
    shipped,
    shipped_description,
)
from services.notifier.channels._feishu import FeishuCallBacks
from services.notifier.channels._fill import MESSAGE_PARTS, Filler, holes, message_parts
from services.notifier.channels._meaning import StaleToken, at_path, understand
from services.notifier.channels._over_http import Line, OverHttp
from services.notifier.channels._signing import sign
from services.notifier.channels._wecom import WeComCallBacks, aes_key
from services.notifier.posting import check_address, check_reach
from shared.message import N_, Said, because, listed, said
from shared.secrets import read_secret

FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$", max_length=100)]
TOKEN_MARGIN = 0.9
"""Of the time an access token is good for: afterwards a new one is asked for."""

CARD_PARTS = frozenset({"buttons", "card", "card_text", "label", "digit"})
PRESSERS = ("user_id", "open_id", "union_id")
"""By which Feishu says who pressed."""
NOTHING = N_("nothing")
PARAMETERS_WANTED = {
    Parameters.NONE: N_("leave them out"),
    Parameters.MAPPING: N_("give the variables of your template by name"),
    Parameters.LIST: N_("give the variables of your template in order"),
}


class Config(OverHttp):
    kind: Literal["http"]
    gateway: str | None = None
    """The name of a description that comes with the product."""
    description: Description | None = None
    """A description of one's own."""
    origin: Annotated[str, AfterValidator(check_address)] | None = None
    """Another scheme and host for the same paths: another region of the provider."""
    settings: Annotated[
        dict[Name, Template | int], Field(alias="with", max_length=MOST, default_factory=dict)
    ]
    secrets: Annotated[dict[Name, FileName], Field(max_length=MOST)] = Field(default_factory=dict)
    """Names of the description and the files of the secrets folder that hold them."""
    parameters: (
        Annotated[dict[str, Template], Field(max_length=MOST)]
        | Annotated[list[Template], Field(max_length=MOST)]
        | None
    ) = None
    """What the variables of the provider's template are filled with, such as `{words:35}`."""
    country: Annotated[str, Field(pattern=r"^[1-9][0-9]{0,3}$")] = "86"
    """What `{to_national}` leaves out."""

    @model_validator(mode="before")
    @classmethod
    def _form(cls, entry: Any) -> Any:
        """What a shipped description carries, unless the entry says otherwise."""
        if isinstance(entry, dict):
            given = cast(dict[str, Any], entry)
            name = given.get("gateway")
            if "form" not in given and name in shipped():
                return {**given, "form": shipped_description(str(name)).says}
        return cast(Any, entry)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.gateway is None) == (self.description is None):
            raise ValueError(
                N_("give `gateway`, the name of a description, or `description`, one of your own")
            )
        if self.gateway is not None and self.gateway not in shipped():
            raise ValueError(
                said(
                    N_("gateway %(gateway)s is none of: %(shipped)s"),
                    gateway=repr(self.gateway),
                    shipped=tuple(shipped()),
                )
            )
        faults = [*_faults(self, self.described)]
        if faults:
            raise ValueError(listed(faults[:8]))
        check_reach(str(self.place), private=self.private)
        return self

    @property
    def has_buttons(self) -> bool:
        return self.replies and self.described.card is not None

    def inbound(self, secrets: Path) -> Inbound | None:
        described = self.described.call_backs
        files = [self.secrets.get(name) for name in described.secrets] if described else []
        if described is None or None in files:
            return None
        proofs = [read_secret(secrets, file).decode().strip() for file in files if file is not None]
        match described.proof:
            case FeishuApp():
                return FeishuCallBacks(proofs[0], proofs[1], str(self.settings["addressed_by"]), self.replies)
            case WeComApp():
                return WeComCallBacks(proofs[0], aes_key(proofs[1]), str(self.settings["corp"]), self.replies)
            case _:
                if not self.replies:
                    described = described.model_copy(update={"answers": None})
                return DescribedCallBacks(described, proofs[0], self.country, self.described.receipts)

    @property
    def described(self) -> Description:
        if self.description is not None:
            return self.description
        assert self.gateway is not None, "checked above"
        return shipped_description(self.gateway)

    @property
    def place(self) -> URL:
        """Scheme and host of what is asked."""
        return URL(check_address(self.origin or self.described.url.partition("{")[0])).origin()


def _faults(config: Config, described: Description) -> Iterator[Said]:
    settings = described.settings | described.optional
    missing = {name: words for name, words in described.settings.items() if name not in config.settings}
    for name, words in missing.items():
        yield said(N_("with.%(name)s is missing: %(words)s"), name=name, words=words)
    for name in config.settings.keys() - settings.keys():
        yield said(
            N_("with.%(name)s is not known here: give %(settings)s"),
            name=name,
            settings=tuple(settings) or said(NOTHING),
        )
    needed = described.needed_secrets()
    for name in needed.keys() - config.secrets.keys() - described.optional.keys():
        yield said(
            N_("secrets.%(name)s is missing: the name of a file in the secrets folder (%(needed)s)"),
            name=name,
            needed=needed[name],
        )
    for name in config.secrets.keys() - needed.keys() - described.optional_secrets().keys():
        yield said(
            N_("secrets.%(name)s is not known here: give %(needed)s"),
            name=name,
            needed=tuple(needed) or said(NOTHING),
        )
    if config.replies:
        yield from _faults_of_replies(config, described)
    given = {type(None): Parameters.NONE, dict: Parameters.MAPPING, list: Parameters.LIST}
    if given[type(config.parameters)] is not described.parameters:
        yield said(N_("parameters: %(what)s"), what=said(PARAMETERS_WANTED[described.parameters]))
    yield from _unknown_names(config, described)


def _faults_of_replies(config: Config, described: Description) -> Iterator[Said]:
    back = described.call_backs
    if back is None or (back.answers is None and described.card is None):
        yield said(N_("replies: this gateway brings back no answers: leave it out"))
        return
    for name in back.secrets:
        if name not in config.secrets:
            yield said(
                N_("secrets.%(name)s is missing: the name of a file in the secrets folder (%(needed)s)"),
                name=name,
                needed=said(N_("by which the provider's call-backs are known")),
            )
    addressed_by = config.settings.get("addressed_by")
    if isinstance(back.proof, FeishuApp) and addressed_by not in (None, *PRESSERS):
        yield said(
            N_("replies: a press says who by %(known)s: let with.addressed_by be one of them"),
            known=tuple(PRESSERS),
        )


def _unknown_names(config: Config, described: Description) -> Iterator[Said]:
    known = {
        *MESSAGE_PARTS,
        *described.settings,
        *described.optional,
        *(f"secret.{name}" for name in described.needed_secrets()),
        "parameters",
    }
    yield from _faults_of_names(described, known | {"token"})
    if described.token:
        yield from _faults_of_names(described.token, known - MESSAGE_PARTS - {"parameters"})
    try:
        for name, _ in holes(cast(JsonValue, config.parameters)):
            if name not in MESSAGE_PARTS:
                yield said(
                    N_("parameters: {%(name)s} stands for nothing: write %(message_parts)s"),
                    name=name,
                    message_parts=tuple(sorted(MESSAGE_PARTS)),
                )
    except ValueError as error:
        yield said(N_("parameters: %(what)s"), what=because(error))


def _faults_of_names(asking: Asking, known: set[str]) -> Iterator[Said]:
    parts: list[JsonValue] = [
        asking.url,
        cast(JsonValue, asking.headers),
        asking.query,
        asking.json_body,
        asking.form_body,
    ]
    if isinstance(asking, Description):
        parts.append(asking.with_keys)
        if (card := asking.card) is not None:
            known = known | CARD_PARTS
            parts += [card.press, card.open, card.content, card.json_body]
    try:
        for part in parts:
            yield from (
                said(N_("{%(name)s} stands for nothing"), name=name)
                for name, _ in holes(part)
                if name not in known
            )
        for name, encoding in holes(asking.text_body):
            if name not in known:
                yield said(N_("{%(name)s} stands for nothing"), name=name)
            elif encoding is None:
                yield said(
                    N_("text: say how {%(name)s} is written: {%(name)s|xml}, |json, |url or |raw"), name=name
                )
    except ValueError as error:
        yield because(error)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str
    ends_at: float
    """On the loop's clock."""


class HttpChannel:
    def __init__(self, name: str, config: Config, secrets: Mapping[str, str]) -> None:
        self._described, self._config, self._secrets = config.described, config, secrets
        self._with_keys = self._described.asking_for_a_key()
        self._origin = config.place
        self.line = Line(name, str(self._origin), config)
        self._token: _Token | None = None
        self._renewal: asyncio.Task[_Token] | None = None
        self._constants: dict[str, JsonValue] = {
            **config.settings,
            **{f"secret.{name}": value for name, value in secrets.items()},
        }
        optional = {*self._described.optional, *(f"secret.{name}" for name in self._described.optional)}
        self._optional = frozenset(optional)

    async def deliver(self, message: Message) -> Reference | None:
        token = await self._good_token(None)
        try:
            return await self._once(message, token)
        except StaleToken:
            try:
                return await self._once(message, await self._good_token(token))
            except StaleToken:
                raise TransportError(
                    "the gateway takes none of the access tokens it gives: see the channel file", Trouble.OURS
                ) from None

    async def _once(self, message: Message, token: str | None) -> Reference | None:
        parts = self._constants | message_parts(message, self._config.country)
        filler = Filler(parts, self._optional)
        parts["parameters"] = filler.value(cast(JsonValue, self._config.parameters))
        if token is not None:
            parts["token"] = token
        now = datetime.now(UTC)
        request = filler.request(self._asking(message, filler, parts))
        request.url = self._here(request.url)
        if self._described.sign:
            nonce = randomness.token_hex(16)
            sign(request, self._described.sign, self._secrets, at=now, nonce=nonce, message=message.id)
        answer = await self.line.ask(request.url, request.headers, request.body, method=request.method)
        understood = understand(answer, self._described.answer, now)
        return Taken(understood.reference or "", understood.words)

    def _asking(self, message: Message, filler: Filler, parts: dict[str, JsonValue]) -> Asking:
        card = self._described.card
        if card is None or not message.buttons:
            return self._with_keys if message.back else self._described
        parts["buttons"] = []
        for button in message.buttons:
            parts |= {"label": button.label, "digit": str(button.digit or "")}
            shape = card.open if button.digit is None else card.press
            parts["buttons"] = [*cast(list[JsonValue], parts["buttons"]), filler.value(shape)]
        parts["card"] = filler.value(card.content)
        parts["card_text"] = orjson.dumps(parts["card"]).decode()
        return self._described.model_copy(update={"json_body": card.json_body})

    async def _good_token(self, stale: str | None) -> str | None:
        """The access token, a new one where it has ended or is the `stale` one. Many wait for one request, and
        all hear what became of it.
        """
        asking = self._described.token
        if asking is None:
            return None
        token = self._token
        if token is not None and token.value != stale and token.ends_at > asyncio.get_running_loop().time():
            return token.value
        if self._renewal is None or self._renewal.done():
            self._renewal = asyncio.create_task(self._new_token(asking), name="access-token")
        renewed = await asyncio.shield(self._renewal)
        self._token = renewed
        return renewed.value

    async def _new_token(self, asking: TokenAsking) -> _Token:
        now = asyncio.get_running_loop().time()
        request = Filler(self._constants, self._optional).request(asking)
        answer = await self.line.ask(
            self._here(request.url), request.headers, request.body, method=request.method
        )
        content = understand(answer, asking.answer, datetime.now(UTC)).content
        token, lasts = at_path(content, (asking.token,)), at_path(content, (asking.lasts,))
        if not isinstance(token, str) or not token:
            raise TransportError("the gateway gave no access token", Trouble.GATEWAY)
        seconds = float(lasts) if isinstance(lasts, int | float) else 0.0
        return _Token(token, now + seconds * TOKEN_MARGIN)

    def _here(self, url: URL) -> URL:
        """The same path at the place of this channel."""
        return URL(f"{self._origin}{url.raw_path_qs}", encoded=True)

    async def close(self) -> None:
        if self._renewal is not None:
            self._renewal.cancel()
        await self.line.close()


def make(name: str, config: ChannelConfig, secrets: Path) -> Channel:
    assert isinstance(config, Config)
    contents = {key: read_secret(secrets, file).decode().strip() for key, file in config.secrets.items()}
    return HttpChannel(name, config, contents)
