"""People of a firm: who they are, what they may do (their role), and how they prove that it is them."""

from __future__ import annotations

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from foundation.errors import WrongInput
from foundation.secrets import Secret
from registry import portal_models as models
from registry.names import first_free, slug
from registry.portal_records import User
from registry.records import record
from registry.sign_ins import SignIns

_LONGEST = 200


class People(SignIns):
    """The people of all firms."""

    def add_user(
        self,
        firm: str,
        email: str,
        name: str,
        role: str,
        *,
        language: str | None = None,
        password_hash: Secret | None = None,
        created_by: str | None = None,
    ) -> User:
        """A new person of ``firm`` (made when new), who cannot sign in before there is a password or an identity.

        Raises WrongInput for an unknown role, for what is no e-mail address, and for one that somebody has.
        """
        address = plain_email(email)
        _require_role(role)
        owner = self.ensure_firm(firm)
        with self.writing() as session:
            if session.scalars(select(models.User).where(models.User.email == address)).first() is not None:
                raise WrongInput(f"{address} is somebody's address already", next_step="Give another one.")
            wanted = slug(address.partition("@")[0]) or "user"
            alike = select(models.User.user_id).where(models.User.user_id.startswith(wanted, autoescape=True))
            row = models.User(
                user_id=first_free(wanted, set(session.scalars(alike))),
                firm_id=owner.firm_id,
                email=address,
                name=name.strip()[:_LONGEST] or address,
                role=role,
                language=language,
                password_hash=password_hash.reveal() if password_hash else None,
                active=True,
                created_at=self.now(),
                created_by=created_by,
            )
            session.add(row)
            return record(User, row)

    def user(self, user_id: str) -> User:
        """One person. Raises WrongInput when there is none."""
        with self.reading() as session:
            return record(User, self._user_row(session, user_id))

    def user_of_email(self, email: str) -> tuple[User, Secret | None] | None:
        """The person with that address, and the hash of the password (None: there is none); None for nobody."""
        with self.reading() as session:
            row = session.scalars(select(models.User).where(models.User.email == email.strip().lower())).first()
            if row is None:
                return None
            return record(User, row), Secret(row.password_hash) if row.password_hash else None

    def user_of_subject(self, issuer: str, subject: str) -> User | None:
        """The person whom an identity provider knows as ``subject``."""
        query = select(models.User).where(models.User.issuer == issuer, models.User.subject == subject)
        with self.reading() as session:
            row = session.scalars(query).first()
            return record(User, row) if row else None

    def users(self, firm: str | None = None) -> list[User]:
        """The people, by name; of one firm when asked."""
        query = select(models.User).order_by(models.User.name, models.User.user_id)
        if firm is not None:
            query = query.where(models.User.firm_id == self.firm(firm).firm_id)
        with self.reading() as session:
            return [record(User, row) for row in session.scalars(query)]

    def change_user(
        self,
        user_id: str,
        *,
        name: str | None = None,
        role: str | None = None,
        language: str | None = None,
        active: bool | None = None,
    ) -> User:
        """Changes what is given. Raises WrongInput where a firm would be left without an administrator who is active.

        Who is made inactive is let in nowhere from then on.
        """
        if role is not None:
            _require_role(role)
        with self.writing() as session:
            row = self._user_row(session, user_id)
            loses = row.role == "administrator" and row.active
            keeps = (role or row.role) == "administrator" and (row.active if active is None else active)
            if loses and not keeps and self._administrators(session, row.firm_id) == 1:
                raise WrongInput(
                    f"{row.name} is the last administrator of the firm",
                    next_step="Make somebody else an administrator first.",
                )
            row.name = name.strip()[:_LONGEST] or row.name if name is not None else row.name
            row.role, row.language = role or row.role, row.language if language is None else language
            row.active = row.active if active is None else active
            if not row.active:
                session.execute(delete(models.AccessKey).where(models.AccessKey.user_id == user_id))
            return record(User, row)

    def set_password_hash(self, user_id: str, hashed: Secret) -> None:
        """Keeps the hash of a new password; whoever was let in before has to sign in again."""
        with self.writing() as session:
            row = self._user_row(session, user_id)
            row.password_hash = hashed.reveal()
            sessions = models.AccessKey.user_id == user_id, models.AccessKey.use != "token"
            session.execute(delete(models.AccessKey).where(*sessions))

    def set_identity(self, user_id: str, issuer: str, subject: str) -> None:
        """Ties a person to who they are at an identity provider. Raises WrongInput for one whom it knows as somebody
        else: an address can go to another person, who is not this one."""
        with self.writing() as session:
            row = self._user_row(session, user_id)
            if row.issuer == issuer and row.subject != subject:
                raise WrongInput(
                    f"{row.name} is tied to another account at the identity provider",
                    next_step="An administrator should remove the person and invite the new one.",
                )
            row.issuer, row.subject = issuer, subject

    def _administrators(self, session: Session, firm_id: str) -> int:
        query = select(func.count()).select_from(models.User)
        ours = models.User.firm_id == firm_id, models.User.role == "administrator", models.User.active
        return session.scalar(query.where(*ours)) or 0

    def _user_row(self, session: Session, user_id: str) -> models.User:
        row = session.get(models.User, user_id)
        if row is None:
            raise WrongInput(f"there is no person {user_id!r}", next_step="`grandlivre user list` shows them all.")
        return row


def plain_email(text: str) -> str:
    """An e-mail address in lower case. Raises WrongInput for what is none."""
    address = text.strip().lower()
    name, at, host = address.rpartition("@")
    if not (name and at and "." in host.strip(".")) or any(c.isspace() for c in address) or len(address) > _LONGEST:
        raise WrongInput(f"{text.strip()[:_LONGEST]!r} is not an e-mail address", next_step="Give one like a@firm.be.")
    return address


def _require_role(role: str) -> None:
    if role not in models.ROLES:
        raise WrongInput(f"there is no role {role!r}", next_step=f"Use one of: {', '.join(models.ROLES)}.")
