"""The words of headers and their meanings, in the languages of the exports that people upload.

Words are written as `meaning.py` compares them: lower case, no accents, "e-mail" as "email". A
group of words is a phrase, which takes precedence over its single words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto


class Concept(Enum):
    """What a word of a header can mean."""

    ACCOUNT = auto()
    CUSTOMER = auto()
    COMPANY = auto()
    ID = auto()
    NUMBER = auto()
    REFERENCE = auto()
    CUSTOMER_ID = auto()
    CODE = auto()
    EXTERNAL = auto()
    RECORD = auto()
    NAME = auto()
    EMAIL = auto()
    LOGIN = auto()
    USER_NAME = auto()
    USER = auto()
    EMPLOYEE = auto()
    ACCOUNT_MANAGER = auto()
    SUCCESS_MANAGER = auto()
    MANAGER = auto()
    OWNER = auto()
    SALES = auto()
    REP = auto()
    VIEWER = auto()
    FOLLOWER = auto()
    MORE = auto()
    WORKFLOW = auto()
    DUNNING = auto()
    PLAN = auto()
    OPCO = auto()
    UNIT = auto()
    STATUS = auto()
    ACTIVE = auto()
    PORTAL = auto()
    ROLES = auto()
    PHONE = auto()
    MOBILE = auto()
    # Words without a meaning of their own: the system that wrote the file, "primary", "the".
    NOISE = auto()
    # Says that an address or a phone is a user's at work, not a customer's.
    WORK = auto()
    CURRENT = auto()
    NEW = auto()
    # Changes the meaning of its neighbours: "parent account", "owner's phone".
    OTHER = auto()


_WORDS: Mapping[Concept, str] = {
    Concept.ACCOUNT: """
        account, accounts, acct, accts, accnt, acc, a c, konto, konten, conto, conti, compte,
        comptes, cuenta, conta, rekening, relatie
    """,
    Concept.CUSTOMER: """
        customer, customers, cust, client, clients, kunde, kunden, kundin, kund, kd, cliente,
        clientes, clienti, klant, klanten, klient, klienta, klientow, debitor, debitoren, debiteur,
        debtor, sold to, sold to party, soldto
    """,
    Concept.COMPANY: """
        company, companies, organization, organisation, organizations, org, firma, firm,
        unternehmen, entreprise, empresa, azienda, bedrijf, gesellschaft, societe, sociedad,
        societa, business partner, bp, geschaftspartner
    """,
    Concept.ID: """
        id, ids, identifier, identifiant, identificador, identificativo, uid, uuid, guid, kennung,
        identification, identifikation
    """,
    # Another word must say what the number is of: alone, these words count lines or name a payment.
    Concept.NUMBER: "no, nr, num, number, nummer, numero, numer, nro, nbr, key",
    Concept.REFERENCE: "ref, reference, referenz, referencia, riferimento",
    Concept.CUSTOMER_ID: "kunnr, card code, cardcode",
    Concept.CODE: "code, codes, codigo, codice, kode, kod, cod",
    Concept.EXTERNAL: "external, ext, externe, externer, externa, externo, esterno, extern",
    Concept.RECORD: "record, internal, object, entity, interne, interno, rec, sys, system",
    Concept.NAME: """
        name, names, full name, fullname, display name, displayname, naam, namn, navn, nom, nombre,
        nome, nazwa, nom complet, nombre completo, nome completo, vollstandiger name, bezeichnung,
        raison sociale, ragione sociale, razon social, razao social, volledige naam
    """,
    Concept.EMAIL: """
        email, emails, mail, mails, email address, email addresses, email id, mail address,
        mailadresse, emailadresse, email adresse, courriel, courriels, adresse email, adresse mail,
        adresse courriel, correo, correos, correo electronico, direccion de correo, posta,
        indirizzo email, endereco de email, epost, epostadress, emailadres, smtp, sahkoposti
    """,
    Concept.LOGIN: """
        login, login name, loginname, username, usernames, logon, logon name, upn, user principal
        name, samaccountname, benutzername, anmeldename, identifiant de connexion, usuario de
        acceso, gebruikersnaam, anvandarnamn, sso, sso id, network id
    """,
    # Some systems mean the login name, others the person's name.
    Concept.USER_NAME: "user name, user names",
    Concept.USER: """
        user, users, benutzer, utilisateur, usuario, utente, gebruiker, agent, agents, member,
        person, team member, teammate
    """,
    Concept.EMPLOYEE: """
        employee, employees, emp, mitarbeiter, personnel, personal, employe, collaborateur,
        empleado, dipendente, staff, medewerker, worker, associate, salarie, funcionario
    """,
    Concept.ACCOUNT_MANAGER: """
        am, ams, kam, kams, key account manager, key account mgr, relationship manager,
        relationship mgr, relationship owner, rm, relatiebeheerder, kundenbetreuer, kundenberater,
        kundenverantwortlicher, kundenmanager, charge de compte, chargee de compte, charge d
        affaires, charge de clientele, gestor comercial, ejecutivo de cuenta, kundansvarig,
        kundeansvarlig, opiekun, opiekun klienta, portfolio manager, account director, account
        lead, account rep, account representative
    """,
    Concept.SUCCESS_MANAGER: """
        csm, csms, customer success manager, customer success mgr, client success manager, success
        manager, customer success owner, customer success rep, customer success representative,
        success owner, success mgr, customer success lead, cs manager, cs owner, success lead
    """,
    Concept.MANAGER: """
        manager, managers, mgr, mgrs, mngr, betreuer, betreuerin, gestionnaire, responsable,
        responsabile, responsavel, gestor, gerente, beheerder, verantwoordelijke, ansvarig,
        ansvarlig, verantwortlicher, verantwortliche, verantwortlich, zustandig, zustandiger,
        gestore
    """,
    Concept.OWNER: """
        owner, owners, owned, owned by, ownership, inhaber, besitzer, eigentumer, proprietaire,
        propietario, proprietario, eigenaar, agare, ejer, wlasciciel, assigned to, assignee,
        assignees, assigned user, responsible, responsible person, zugewiesen an, zugewiesen,
        attribue a, asignado a, asignado, toegewezen aan, in charge, person in charge, held by
    """,
    Concept.SALES: "sales, sale, vertrieb, vertriebs",
    Concept.REP: """
        rep, reps, representative, representatives, salesperson, salespersons, salesrep, salesman,
        sales person, sales rep, sales reps, sales representative, sales executive, sales agent,
        seller, account executive, account exec, ae, slp, vertriebler, vertriebsmitarbeiter,
        vertriebsbeauftragter, verkaufer, aussendienst, aussendienstmitarbeiter, vendeur, vendedor,
        venditore, verkoper, vertegenwoordiger, saljare, saelger, selger, handlowiec, sprzedawca,
        bdm, sales consultant, csr
    """,
    Concept.VIEWER: """
        viewer, viewers, viewer list, betrachter, observateur, observateurs, lecteur, lecteurs,
        observer, observers, visualizador, visualizadores, leser, read only, readonly, read only
        users, reader, readers, kijkers, kijker
    """,
    Concept.FOLLOWER: """
        follower, followers, watcher, watchers, collaborator, collaborators, abonnes, seguidores,
        visible for, shared with
    """,
    Concept.MORE: "additional, default, defaults, extra, further, other, weitere, autres, list",
    Concept.WORKFLOW: "workflow, workflows, work flow, flux de travail, flujo de trabajo",
    Concept.DUNNING: """
        dunning, reminder, reminders, collection, collections, credit control, relance, relances,
        mahn, mahnung, recouvrement, followup, follow up, ar, receivables, cash collection, recobro
    """,
    Concept.PLAN: """
        plan, campaign, strategy, sequence, playbook, procedure, scenario, policy, profile, stufe
    """,
    Concept.OPCO: "opco, op co, opcos, operating company, operating co, operating companies",
    Concept.UNIT: """
        subsidiary, subsidiaries, legal entity, business unit, company code, buchungskreis, bukrs,
        tochtergesellschaft, entite legale, group company, operating unit, bu, legal company,
        dochteronderneming, dotterbolag
    """,
    Concept.STATUS: "status, statut, estado, stato, stan, statuscode",
    Concept.ACTIVE: "active, is active, aktiv, actif, activo, attivo, actief, ativo, enabled",
    Concept.PORTAL: "portal, portals, portale, portail, portails, portales",
    Concept.ROLES: "role, roles, rolle, rollen, rol, ruolo, ruoli, user roles, permissions, papel",
    Concept.PHONE: """
        phone, telephone, tel, telefon, telefono, telefone, phone number, phone no, telefonnummer,
        telefoon, telefoonnummer, telephone number, tel no, landline, puhelin, rufnummer
    """,
    Concept.MOBILE: """
        mobile, mobile phone, mobile number, mobile no, mobil, mobiltelefon, handy, handynummer,
        cell, cell phone, cellphone, movil, portable, telephone portable, celular, telemovel,
        cellulare, gsm, mobiel, mobilnummer, mobile phone number
    """,
    Concept.NOISE: """
        the, of, for, to, a, an, and, de, du, des, la, le, les, el, da, do, dos, di, del, della,
        der, die, das, den, dem, fur, pour, para, per, van, av, af, s, c, d, l, r, by, with, your,
        our, my, this, custom, field, cf, udf, metadata, custom field, salesforce, sfdc, sf,
        hubspot, hub spot, hs, dynamics, dynamics 365, d365, crm, erp, zoho, pipedrive, netsuite,
        net suite, sap, xero, quickbooks, qb, qbo, stripe, chargebee, zuora, recurly, paddle,
        freshdesk, zendesk, intercom, totango, gainsight, planhat, vitally, churnzero, insightly,
        sugarcrm, odoo, sage, datev, freshsales, casesafe, case safe, do not modify, primary, main,
        18, 15, 18 char, 15 char, 1, unique, assigned, required, optional, text, value, principal
    """,
    Concept.WORK: "work, business, office, corporate, dienstlich, professionnel",
    Concept.CURRENT: "current, present, actual, aktueller, actuel, attuale, now",
    Concept.NEW: """
        new, neuer, neue, nouveau, nouvelle, nuevo, nuovo, nieuwe, novo, ny, future, target,
        proposed, updated, correct
    """,
    Concept.OTHER: """
        old, previous, former, prior, ex, last, alt, alter, bisheriger, ancien, anterior,
        vorheriger, precedent, vecchio, original, created, creator, modified, changed, edited,
        update, date, datum, fecha, data, since, until, from, at, on, time, timestamp, count,
        total, sum, amount, balance, percent, notes, note, comment, comments, remark, remarks,
        description, history, flag, team, region, territory, title, alias, department, group, type,
        tier, segment, category, industry, url, link, website, domain, domains, photo, parent,
        ultimate, master, child, billing, bill, ship, shipping, invoice, invoices, payment,
        payments, subscription, subscriptions, order, orders, ticket, tickets, case, deal, deals,
        opportunity, opportunities, quote, contract, contracts, product, item, plan id, contact,
        contacts, ansprechpartner, interlocuteur, contacto, contatto, contactpersoon, secondary,
        second, backup, deputy, assistant, vertreter, stellvertreter, sponsor, executive sponsor,
        supervisor, boss, reports to, tax, vat, ust, siret, siren, duns, iban, bic, bank, currency,
        country, state, city, ort, zip, postal, plz, street, address, adresse, latitude, first,
        first name, last name, vorname, nachname, prenom, apellido, middle, language, fax, score,
        health, stage, phase, lifecycle, rating, source, size, revenue, checksum, row, office
        location, lead, key account, kontoinhaber, home, private, technical, support, engineer,
        legal, finance, accounting, accountant, procurement, purchasing, vendor, supplier,
        kreditor, creditor, lieferant, marketing, partner manager, regional, area, district,
        hierarchy, level, logo, time zone, timezone, birthday, gender, salutation, anrede,
        inactive, disabled, blocked, deleted, archived, gl, g l, general ledger, ledger, sales
        manager, sales office, sales group, sales organization, sales org, sales district, sales
        region, sales territory, collector, bill to, ship to, payer, end user, end customer,
        profile id, role id, status id, team id, group id, portal id, workflow id, territory id,
        alternate, alternative, org nr, org no, orgnr, organisationsnummer, organization number,
        organisation number, company number, company no, registration, registered, registry, reg,
        kvk, cvr, nip, regon, ico, cnpj, cpf, rut, nif, cif, tin, ein, abn, acn, eori, lei,
        service, project, task
    """,
}


def _vocabulary() -> Iterator[tuple[tuple[str, ...], Concept]]:
    for concept, words in _WORDS.items():
        for phrase in words.split(","):
            yield tuple(phrase.split()), concept


VOCABULARY: Mapping[tuple[str, ...], Concept] = dict(_vocabulary())
MAX_PHRASE_WORDS = max(map(len, VOCABULARY))
# The parts of compound words such as "kundennummer", "accountmanager", "OWNEREMAIL".
MIN_PART_CHARS = 3
# Too many words begin with it.
_NO_PARTS = frozenset({"acc"})
ENDINGS = frozenset({"id", "nr", "no"})
PARTS: Mapping[str, Concept] = {
    word: concept
    for (word, *more), concept in VOCABULARY.items()
    if not more and word not in _NO_PARTS and (len(word) >= MIN_PART_CHARS or word in ENDINGS)
}
