"""The hall's own provisioning service: images, what each installation may ask for, and who has phoned home.

It runs inside the hall (`argosy metal provision`), so that a hall which is cut off can still install and
repair its machines.

| who | may ask | proves itself by |
|---|---|---|
| the provider | `PUT`, `DELETE /installs/ID` | the hall's token |
| the provider | `GET /phone-home/SERIAL` | nothing: the answer holds no secret |
| a BMC or firmware | `GET /images/NAME?install=ID&key=KEY` | the key; the image holds a token at first |
| an installer | `GET /installs/ID`, `GET /installs/ID/user-data` (once) | the install's token |
| cloud-init | `GET /seed/TOKEN/{meta-data,user-data,vendor-data}` | the token in the path |
| a machine | `POST /phone-home/SERIAL` | the install's token |
| a machine | `POST /acceptance/SERIAL`: what its tests have shown | the install's token |
| the provider | `GET /acceptance/SERIAL` | nothing: the answer holds no secret |

The token of an install is made when it is offered, stands in no URL of the provider's and in no log, and is
good for the serial number and the time it was made for. An install's id is no secret: it stands in states and
logs. Its key is made from the hall's token, by the provider and by the service.
"""
