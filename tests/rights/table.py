"""Who may do what. Written by hand, from Handover's promises; it uses no code of Handover.

Each table is a text with one row a line: columns are separated by spaces, `-` stands for nothing,
and what follows `#` explains. Where a column is a person, `yes` says that they may and `-` that
they may not. tests/rights tests every cell with the deployed functions.

The people, all of the tenant lumina:

    admin        Admin, opco Kenya
    office       Back Office Management, opco Kenya
    sales        Sales, opco Kenya; holds the accounts
    support      Support, opco Kenya
    plain        no user role, opco Kenya
    togo-admin   Admin, opco Togo
    togo-office  Back Office Management, opco Togo
"""

# Routes of the API. `answer` is the status for who may; who may not gets 403 and changes nothing.
# The same request by somebody of OUTSIDERS is refused, whatever the route. A word in braces is a
# thing of the tenant (THINGS in world.py). The same request about a thing of another tenant is
# answered as one about a thing that nobody has.
#
# An import is named by what it is: `ended` was uploaded by office and is done, `waiting` waits for
# an approval, `running` is admin's and goes on, `of-sales` was uploaded by sales with a profile
# that only Sales may use, `preview` is office's and names no profile, `previewed`
# is a dry run of office's that is done, `ticket` has no file yet, `of-admin` waits for an approval
# and was uploaded by admin.
ROUTES = """
method  path                              body           answer  admin office sales support plain togo-admin togo-office
GET     /openapi.json                     -              200     yes   yes    yes   yes     yes   yes        yes

# Imports
POST    /imports                          strict-file    201     yes   yes    -     -       -     yes        yes
POST    /imports                          strict-check   201     yes   yes    -     -       -     yes        yes
POST    /imports                          any-preview    201     yes   yes    yes   yes     yes   yes        yes
POST    /imports                          strict-preview 201     yes   yes    -     -       -     yes        yes
POST    /imports                          sales-file     201     -     -      yes   -       -     -          -
POST    /imports                          users-file     201     yes   -      -     -       -     yes        -
GET     /imports                          -              200     yes   yes    yes   yes     yes   yes        yes
GET     /imports?state=done&since=2026-01-01 -           200     yes   yes    yes   yes     yes   yes        yes
GET     /imports/days                     -              200     yes   yes    yes   yes     yes   yes        yes
GET     /imports/{ended}                  -              200     yes   yes    yes   yes     yes   yes        yes
GET     /imports/{running}                -              200     yes   yes    yes   yes     yes   yes        yes
GET     /imports/{ticket}                 -              200     yes   yes    yes   yes     yes   yes        yes
GET     /imports/{ended}/report           -              302     yes   yes    -     -       -     yes        yes
GET     /imports/{ended}/results          -              302     yes   yes    -     -       -     yes        yes
GET     /imports/{of-sales}/report        -              302     yes   -      yes   -       -     yes        -
GET     /imports/{of-sales}/results       -              302     yes   -      yes   -       -     yes        -
GET     /imports/{ended}/lines            -              200     yes   yes    -     -       -     yes        yes
GET     /imports/{ended}/summary          -              200     yes   yes    -     -       -     yes        yes
GET     /imports/{of-sales}/lines         -              200     yes   -      yes   -       -     yes        -
GET     /imports/{of-sales}/summary       -              200     yes   -      yes   -       -     yes        -
GET     /imports/{preview}/preview        -              200     yes   yes    -     -       -     yes        -
GET     /imports/{preview}/lines          -              404     yes   yes    -     -       -     yes        -
GET     /imports/{ended}/preview          -              404     yes   yes    -     -       -     yes        yes
GET     /imports/{running}/report         -              409     yes   yes    -     -       -     yes        yes
GET     /imports/{running}/results        -              409     yes   yes    -     -       -     yes        yes
GET     /imports/{running}/lines          -              409     yes   yes    -     -       -     yes        yes
GET     /imports/{running}/summary        -              409     yes   yes    -     -       -     yes        yes
POST    /imports/{waiting}/approve        -              202     yes   -      -     -       -     yes        -
POST    /imports/{waiting}/approve        reason         202     yes   -      -     -       -     yes        -
POST    /imports/{of-admin}/approve       -              202     -     -      -     -       -     yes        -          # four eyes
POST    /imports/{of-admin}/cancel        reason         202     yes   -      -     -       -     yes        -
POST    /imports/{ended}/approve          -              409     yes   -      -     -       -     yes        -
POST    /imports/{running}/approve        -              409     yes   -      -     -       -     yes        -
POST    /imports/{ticket}/approve         -              409     yes   -      -     -       -     yes        -
POST    /imports/{waiting}/cancel         -              202     yes   yes    -     -       -     yes        -
POST    /imports/{running}/cancel         -              202     yes   -      -     -       -     yes        -
POST    /imports/{ended}/cancel           -              409     yes   yes    -     -       -     yes        -
POST    /imports/{ticket}/cancel          -              202     yes   yes    -     -       -     yes        -
POST    /imports/{ended}/undo             -              202     yes   yes    -     -       -     yes        yes
POST    /imports/{ended}/undo             check          202     yes   yes    -     -       -     yes        yes
POST    /imports/{running}/undo           -              409     yes   yes    -     -       -     yes        yes
POST    /imports/{waiting}/undo           -              409     yes   yes    -     -       -     yes        yes
POST    /imports/{previewed}/apply        apply          202     yes   yes    -     -       -     yes        yes
POST    /imports/{previewed}/apply        apply-check    202     yes   yes    -     -       -     yes        yes
POST    /imports/{preview}/apply          apply-strict   202     yes   yes    -     -       -     yes        -
POST    /imports/{previewed}/apply        apply-sales    202     -     -      -     -       -     -          -    # sales may not look into it
POST    /imports/{ended}/apply            apply          409     yes   yes    -     -       -     yes        yes
POST    /imports/{running}/apply          apply          409     yes   yes    -     -       -     yes        yes
POST    /imports/{of-sales}/apply         apply          409     -     -      yes   -       -     -          -
POST    /imports/{ticket}/apply           apply          409     yes   yes    yes   yes     yes   yes        yes
POST    /imports/{ended}/corrections      fix            202     yes   yes    -     -       -     yes        yes
POST    /imports/{ended}/corrections      fix-check      202     yes   yes    -     -       -     yes        yes
POST    /imports/{of-sales}/corrections   fix            202     -     -      yes   -       -     -          -
POST    /imports/{previewed}/corrections  fix            409     yes   yes    -     -       -     yes        yes
POST    /imports/{running}/corrections    fix            409     yes   yes    -     -       -     yes        yes
POST    /imports/{ticket}/corrections     fix            409     yes   yes    yes   yes     yes   yes        yes

# Assignments without a file
PATCH   /accounts/{account}               edit           200     yes   yes    -     -       -     yes        yes
PATCH   /accounts/{account}               edit-check     200     yes   yes    -     -       -     yes        yes
PATCH   /accounts/{account}               edit-sales     200     -     -      yes   -       -     -          -
PATCH   /accounts/{account}               edit-user      200     yes   yes    -     -       -     yes        yes
PATCH   /accounts/{account}               edit-togo      422     yes   yes    -     -       -     yes        yes
PATCH   /accounts?id={account}            edit           200     yes   yes    -     -       -     yes        yes
POST    /assignments                      hand-ids       202     yes   yes    -     -       -     yes        yes
POST    /assignments                      hand-all       202     yes   yes    -     -       -     yes        yes
POST    /assignments                      hand-sales     202     -     -      yes   -       -     -          -
GET     /pending                          -              200     yes   -      -     -       -     yes        -
GET     /pending/addresses                -              200     yes   -      -     -       -     yes        -

# Accounts, their history and who holds them
GET     /accounts                         -              200     yes   yes    yes   yes     yes   yes        yes
GET     /accounts?holder=Sam+Sales        -              200     yes   yes    yes   yes     yes   yes        yes
GET     /accounts?beginning=K             -              200     yes   yes    yes   yes     yes   yes        yes
GET     /accounts?id={account}            -              200     yes   yes    yes   yes     yes   yes        yes
GET     /accounts/{account}               -              200     yes   yes    yes   yes     yes   yes        yes
GET     /accounts/{account}?at=2026-11-22 -              200     yes   yes    yes   yes     yes   yes        yes
GET     /accounts/T000                    -              200     yes   yes    yes   yes     yes   yes        yes
GET     /accounts/{account}/history       -              200     yes   yes    yes   yes     yes   yes        yes
GET     /history?account_id={account}     -              200     yes   yes    yes   yes     yes   yes        yes
GET     /portfolios/{user}                -              200     yes   yes    yes   yes     yes   yes        yes
GET     /portals/{portal}/managers        -              200     yes   yes    yes   yes     yes   yes        yes
GET     /managers?portal={portal}         -              200     yes   yes    yes   yes     yes   yes        yes

# Requests: for who holds the account. Managers may create them once a setting lets them.
POST    /requests                         request        201     yes   -      -     -       -     yes        -
GET     /requests                         -              200     yes   yes    yes   yes     yes   yes        yes
GET     /requests?account_id={account}    -              200     yes   -      yes   -       -     yes        -
GET     /requests/{request}               -              200     yes   -      yes   -       -     yes        -
POST    /requests/{request}/notes         note           201     yes   -      yes   -       -     yes        -

# Users
GET     /users                            -              200     yes   yes    yes   yes     yes   yes        yes
GET     /users/{user}                     -              200     yes   yes    yes   yes     yes   yes        yes
POST    /users                            new-user       201     yes   -      -     -       -     yes        -
POST    /users                            known-user     409     yes   -      -     -       -     yes        -
PUT     /users/{user}                     edited-user    200     yes   -      -     -       -     yes        -
PUT     /users/{user}                     made-admin     200     yes   -      -     -       -     yes        -
POST    /users/{user}/invitation          -              200     yes   -      -     -       -     yes        -
POST    /users/kofi.gone@lumina.example/invitation  -    409     yes   -      -     -       -     yes        -
DELETE  /users/{leaver}                   -              202     yes   -      -     -       -     yes        -
POST    /users/delete                     leavers        202     yes   -      -     -       -     yes        -
POST    /users/delete                     no-leavers     400     yes   -      -     -       -     yes        -

# Profiles
GET     /profiles                         -              200     yes   yes    yes   yes     yes   yes        yes
GET     /profiles/{profile}               -              200     yes   yes    yes   yes     yes   yes        yes
GET     /profiles/{profile}/template      -              200     yes   yes    yes   yes     yes   yes        yes
GET     /profiles/single-strict           -              200     yes   yes    yes   yes     yes   yes        yes
PUT     /profiles/{profile}               new-profile    200     yes   -      -     -       -     yes        -
PUT     /profiles/{profile}               old-profile    409     yes   -      -     -       -     yes        -
PUT     /profiles/fresh                   new-profile    200     yes   -      -     -       -     yes        -
PUT     /profiles/single-strict           new-profile    200     yes   -      -     -       -     yes        -
DELETE  /profiles/{profile}               -              204     yes   -      -     -       -     yes        -
DELETE  /profiles/single-strict           -              409     yes   -      -     -       -     yes        -
GET     /subscriptions                    -              200     yes   -      -     -       -     yes        -
POST    /subscriptions                    subscription   202     yes   -      -     -       -     yes        -
POST    /profiles/{profile}/sample        sample-check   200     yes   yes    yes   yes     yes   yes        yes
POST    /profiles/{profile}/copies        copy           201     yes   -      -     -       -     yes        -

# What everybody did
GET     /audit                            -              200     yes   -      -     -       -     yes        -
GET     /audit?act=settings_changed       -              200     yes   -      -     -       -     yes        -

# What a tenant sets up for itself
GET     /settings                         -              200     yes   yes    yes   yes     yes   yes        yes
PATCH   /settings                         guard          200     yes   -      -     -       -     yes        -
PATCH   /settings                         profiles-on    200     yes   -      -     -       -     yes        -
PATCH   /settings                         wall-off       200     yes   -      -     -       -     yes        -
GET     /roles                            -              200     yes   yes    yes   yes     yes   yes        yes
GET     /roles/{role}                     -              200     yes   yes    yes   yes     yes   yes        yes
PUT     /roles/{role}                     role           200     yes   -      -     -       -     yes        -
PUT     /roles/Newly                      role           200     yes   -      -     -       -     yes        -
DELETE  /roles/{role}                     -              204     yes   -      -     -       -     yes        -
DELETE  /roles/Newly                      -              404     yes   -      -     -       -     yes        -
GET     /workflows                        -              200     yes   yes    yes   yes     yes   yes        yes
GET     /workflows/{workflow}             -              200     yes   yes    yes   yes     yes   yes        yes
PUT     /workflows/Dunning                -              200     yes   -      -     -       -     yes        -
DELETE  /workflows/{workflow}             -              204     yes   -      -     -       -     yes        -
GET     /sources                          -              200     yes   -      -     -       -     yes        -
GET     /sources/{source}                 -              200     yes   -      -     -       -     yes        -
PUT     /sources/hr                       source         200     yes   -      -     -       -     yes        -
DELETE  /sources/{source}                 -              204     yes   -      -     -       -     yes        -
"""

# Routes that are open to everybody, with a token or without.
OPEN_ROUTES = frozenset({"GET /openapi.json"})

# People with a token who are not active users of the tenant: they may do nothing.
OUTSIDERS = """
person
inactive
deleted
unknown
user-of-another-tenant
without-tenant
with-a-blank-tenant
with-a-key-for-a-tenant
without-email
access-token
token-without-a-use
without-claims
"""

# Who may use a profile. `on` = an Admin has switched it on, with the setting `profiles`; then its
# own list of user roles says who may, and none listed is every active user. One that is `off` is
# for Admins, whatever its list says, and so is one whose files are about the directory, on or off.
# This holds for every action of PROFILE_ACTIONS.
PROFILES = """
profile              state  admin office sales support plain togo-admin togo-office
single-strict        on     yes   yes    -     -       -     yes        yes
single-strict        off    yes   -      -     -       -     yes        -
directory-single     on     yes   -      -     -       -     yes        -
directory-single     off    yes   -      -     -       -     yes        -
manager-and-viewers  on     yes   -      -     -       -     yes        -
manager-and-viewers  off    yes   -      -     -       -     yes        -
multi-with-workflow  on     yes   yes    yes   yes     yes   yes        yes
multi-with-workflow  off    yes   -      -     -       -     yes        -
role-team            on     yes   -      -     -       -     yes        -
role-team            off    yes   -      -     -       -     yes        -
directory-accounts   on     yes   -      -     -       -     yes        -
directory-accounts   off    yes   -      -     -       -     yes        -
directory-users      on     yes   -      -     -       -     yes        -
directory-users      off    yes   -      -     -       -     yes        -
staff-list           on     yes   -      -     -       -     yes        -      # users; lists Sales
staff-list           off    yes   -      -     -       -     yes        -
sales-list           on     -     -      yes   -       -     -          -      # lists Sales alone
sales-list           off    yes   -      -     -       -     yes        -
open-list            on     yes   yes    yes   yes     yes   yes        yes    # lists nobody
open-list            off    yes   -      -     -       -     yes        -
"""

# The actions with which a person uses a profile, and their answers to people who may: with a
# profile that assigns, and with one whose files are about the directory. Others get `refused`. For
# actions on an existing import, `also` names people who may whatever the profile says: Admins, and
# for results, lines and report the uploader.
PROFILE_ACTIONS = """
action             assigns  directory  refused               also
ticket             201      201        403                   -
ticket-to-check    201      201        403                   -
ticket-to-preview  201      201        403                   -
file               done     done       UPLOADER_NOT_ALLOWED  -  # under a ticket given before
file-to-check      done     done       UPLOADER_NOT_ALLOWED  -
file-to-preview    done     done       UPLOADER_NOT_ALLOWED  -
edit               200      400        403                   -
edit-to-check      200      400        403                   -
reassign-ids       202      400        403                   -
reassign-holder    202      400        403                   -
undo               202      409        403                   admins
undo-to-check      202      409        403                   admins
apply              202      202        403                   -
apply-to-check     202      202        403                   -
correct            202      202        403                   -
results            302      302        403                   admins,uploader
lines              200      200        403                   admins,uploader
report             404      404        403                   admins,uploader  # no line has an error
"""
ADMINS = ("admin", "togo-admin")

# Who may assign a role whose `assigned_by` lists only Support: by every action of ROLE_ACTIONS,
# with a profile that is on and open to everybody. An Admin is no exception: they edit the list.
ASSIGNED_BY = """
role             admin office sales support plain togo-admin togo-office
account_manager  -     -      -     yes     -     -          -
viewer           -     -      -     yes     -     -          -
workflow         -     -      -     yes     -     -          -
"""
ROLE_ACTIONS = """
action           answer  refused
file             done    UPLOADER_NOT_ALLOWED
edit             200     403
reassign-ids     202     403
reassign-holder  202     403
undo             202     403
"""

# The opco wall. `setting` is the tenant's `opco_wall`, `profile` the profile's own wall, which
# requires the same opco on both sides and treats none as a different one. It applies to a line of a
# ticket's file and of a drop, an edit, a reassignment, an undo, the resolution of a pending
# address, and the manager whom a directory file names for a new account.
OPCO = """
user   account  setting     profile  may
Kenya  Kenya    always      -        yes
Kenya  Kenya    always      wall     yes
Kenya  Kenya    by_profile  -        yes
Kenya  Kenya    by_profile  wall     yes
Kenya  Togo     always      -        -
Kenya  Togo     always      wall     -
Kenya  Togo     by_profile  -        yes
Kenya  Togo     by_profile  wall     -
Togo   Kenya    always      -        -
Togo   Kenya    always      wall     -
Togo   Kenya    by_profile  -        yes
Togo   Kenya    by_profile  wall     -
-      Kenya    always      -        yes
-      Kenya    always      wall     -
-      Kenya    by_profile  -        yes
-      Kenya    by_profile  wall     -
Kenya  -        always      -        yes
Kenya  -        always      wall     -
Kenya  -        by_profile  -        yes
Kenya  -        by_profile  wall     -
-      -        always      -        yes
-      -        always      wall     yes
-      -        by_profile  -        yes
-      -        by_profile  wall     yes
"""
# `wall`: whether a profile with a wall of its own can be used in the action.
OPCO_ACTIONS = """
action     wall  refused
file       yes   OTHER_OPCO
drop       yes   OTHER_OPCO
edit       yes   OTHER_OPCO
reassign   yes   OTHER_OPCO
undo       yes   OTHER_OPCO
pending    -     waits       # the address keeps its place, and no file is written
directory  -     OTHER_OPCO
"""

# Files of other systems. `profile` is the source's, `state` the tenant's word on it: an Admin has
# registered the source with the profile, which is permission enough. `right` is writes_directory.
# A file about accounts or users counts only with the right, in whichever folder it is.
SOURCES = """
profile              state  right  drop                  directory-accounts    directory-users
single-strict        on     -      done                  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
single-strict        off    -      done                  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
single-strict        on     yes    done                  done                  done
single-strict        off    yes    done                  done                  done
sales-list           on     -      done                  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
sales-list           off    -      done                  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
sales-list           off    yes    done                  done                  done
multi-with-workflow  on     -      done                  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
multi-with-workflow  off    -      done                  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
directory-users      on     -      UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
directory-users      off    -      UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
directory-users      on     yes    done                  done                  done
directory-users      off    yes    done                  done                  done
staff-list           on     -      UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
staff-list           off    yes    done                  done                  done
directory-accounts   on     -      UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
directory-accounts   off    -      UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED  UPLOADER_NOT_ALLOWED
directory-accounts   on     yes    done                  done                  done
directory-accounts   off    yes    done                  done                  done
"""
# The principal that must write a source's file; the row of SOURCES is for `own` only.
WRITERS = """
writer   answer
own      -
other    WRONG_PRINCIPAL  # the principal of another tenant's source
nobody   WRONG_PRINCIPAL  # S3 reports none
"""

# What starts each deployed function. People and systems reach the first three: the tables above
# test the API and files, and the console calls the API with the token of the person. Only AWS
# reaches the others: by a queue or stream to which only Handover and S3 may write, or by a
# schedule.
FUNCTIONS = """
function          started-by
ApiFunction       people
ConsoleFunction   people
ValidateFunction  files
ConvertFunction   aws
AssignFunction    aws
FinalizeFunction  aws
AbandonFunction   aws
SweepFunction     aws
PublishFunction   aws
FollowFunction    aws
"""
