"""The columns of the sandbox's tables. Their names are WinBooks's, their widths are ours: those are not known."""

from __future__ import annotations

from connectors.winbooks.dbf_writer import Column

PARAM = (Column("ID", "C", 30), Column("VALUE", "C", 80), Column("VALUEEXT", "M"))
ACF = (
    Column("NUMBER", "C", 8),
    Column("TYPE", "C", 1),
    Column("NAME11", "C", 40),
    Column("NAME12", "C", 40),
    Column("NAME21", "C", 40),
    Column("NAME22", "C", 40),
    Column("CATEGORY", "C", 3),
    Column("CENTRALID", "C", 3),
    Column("CURRENCY", "C", 3),
    Column("ISLOCKED", "L"),
    Column("TOTDEB1", "N", 15, 3),
    Column("TOTCRE1", "N", 15, 3),
)
CSF = (
    Column("NUMBER", "C", 10),
    Column("TYPE", "C", 1),
    Column("NAME1", "C", 40),
    Column("NAME2", "C", 40),
    Column("ADRESS1", "C", 40),
    Column("COUNTRY", "C", 3),
    Column("VATCAT", "C", 1),
    Column("VATNUMBER", "C", 20),
    Column("CENTRAL", "C", 3),
    Column("LANG", "C", 1),
)
DBK = (
    Column("DBKID", "C", 6),
    Column("DBKDESC", "C", 40),
    Column("DBKTYPE", "C", 1),
    Column("DBKTYPE2", "C", 1),
    Column("DBKOPT", "C", 60),
)
ACT = (
    Column("DOCTYPE", "C", 1),
    Column("DBKCODE", "C", 6),
    Column("DBKTYPE", "C", 1),
    Column("DOCNUMBER", "C", 8),
    Column("DOCORDER", "C", 3),
    Column("OPCODE", "C", 5),
    Column("ACCOUNTGL", "C", 8),
    Column("ACCOUNTRP", "C", 10),
    Column("BOOKYEAR", "C", 1),
    Column("PERIOD", "C", 2),
    Column("DATE", "D"),
    Column("DATEDOC", "D"),
    Column("DUEDATE", "D"),
    Column("COMMENT", "C", 30),
    Column("COMMENTEXT", "M"),
    Column("AMOUNT", "N", 17, 3),
    Column("AMOUNTEUR", "N", 17, 3),
    Column("VATBASE", "N", 17, 3),
    Column("VATCODE", "C", 6),
    Column("CURRAMOUNT", "N", 17, 3),
    Column("CURRCODE", "C", 3),
    Column("CUREURBASE", "N", 17, 3),
    Column("ISTEMP", "L"),
    Column("ISLOCKED", "L"),
    Column("DOCSTATUS", "C", 1),
)
