"""Mapping rules: the codes of the common chart that people give to accounts, for one dossier or a whole firm."""

from __future__ import annotations

from sqlalchemy import Select, select

from foundation.errors import WrongInput
from registry import models
from registry.links import Links
from registry.records import MappingRule, record


class MappingRules(Links):
    """What people decided stands until people take it back, and then stays as history.

    An account is given as people type it: ``613200`` means that account, ``613*`` all that start with 613. Codes are
    kept as given: which ones exist is known on another floor.
    """

    def set_mapping_rule(
        self,
        dossier_id: str,
        account: str,
        code: str,
        *,
        firm: bool = False,
        account_type: str | None = None,
        closed_years: bool = False,
        why: str | None = None,
        who: str | None = None,
    ) -> MappingRule:
        """Gives an account a code, in the place of the rule that stood for the same account.

        With ``firm`` the rule is one for all dossiers of the dossier's firm. ``account_type`` is what the account is
        now; ``closed_years`` lets the rule reach years that keep the codes they were closed with. Raises WrongInput
        for an unknown dossier or an account that names none.
        """
        match, number = parse_account(account)
        with self.writing() as session:
            link = self.link_row(session, dossier_id)
            owner = None if firm else dossier_id
            for row in session.scalars(_in_force(link.firm_id, owner, match, number)):
                self._end_rule(row, who)
            session.flush()  # one rule per account is in force at any moment
            row = models.MappingRule(
                firm_id=link.firm_id,
                dossier_id=owner,
                match=match,
                account=number,
                code=code,
                account_type=account_type,
                closed_years=closed_years,
                why=why,
                who=who,
                at=self.now(),
                active=True,
            )
            session.add(row)
            session.flush()
            return record(MappingRule, row)

    def clear_mapping_rule(
        self, dossier_id: str, account: str, *, firm: bool = False, who: str | None = None
    ) -> MappingRule | None:
        """Takes back the rule of the dossier, or with ``firm`` of its firm, for exactly this account or prefix.

        Returns the rule that was ended, None when none stood. Raises WrongInput for an unknown dossier.
        """
        match, number = parse_account(account)
        with self.writing() as session:
            link = self.link_row(session, dossier_id)
            row = session.scalars(_in_force(link.firm_id, None if firm else dossier_id, match, number)).first()
            if row is None:
                return None
            self._end_rule(row, who)
            return record(MappingRule, row)

    def mapping_rules(self, dossier_id: str) -> list[MappingRule]:
        """The rules in force for a dossier: its own and those of its firm, the oldest first."""
        return [rule for rule in reversed(self.mapping_history(dossier_id)) if rule.active]

    def mapping_history(self, dossier_id: str) -> list[MappingRule]:
        """Every rule ever made for a dossier or its firm, the latest first."""
        rule = models.MappingRule
        with self.reading() as session:
            link = self.link_row(session, dossier_id)
            theirs = (rule.dossier_id == dossier_id) | (rule.dossier_id.is_(None) & (rule.firm_id == link.firm_id))
            rows = session.scalars(select(rule).where(theirs).order_by(rule.id.desc()))
            return [record(MappingRule, row) for row in rows]

    def _end_rule(self, row: models.MappingRule, who: str | None) -> None:
        row.active, row.ended_at, row.ended_by = False, self.now(), who


def parse_account(text: str) -> tuple[str, str]:
    """``613*`` is ``("prefix", "613")``, ``613200`` is ``("exact", "613200")``. Raises WrongInput for an empty one."""
    match, number = ("prefix", text.strip()[:-1]) if text.strip().endswith("*") else ("exact", text.strip())
    if number:
        return match, number
    raise WrongInput(
        f"{text!r} names no account", next_step="Give an account such as 613200, or the start of several such as 613*."
    )


def _in_force(firm_id: str, dossier_id: str | None, match: str, account: str) -> Select[tuple[models.MappingRule]]:
    rule = models.MappingRule
    of_firm = rule.dossier_id.is_(None) & (rule.firm_id == firm_id)
    owned = of_firm if dossier_id is None else rule.dossier_id == dossier_id
    return select(rule).where(owned, rule.match == match, rule.account == account, rule.active)
