"""Who somebody is: persons, their sign-in by phone and one-time code, and the tokens of the API.

Owns: `Person` (the project's user model), `OneTimeCode`, `SignIn` (browsers that are signed in), `ApiToken`,
`Address`, `ConsentEvent`, `Message` (the demo's message tray).

Invariants:
- a person is known by one phone number in E.164 form, and a number belongs to one person at most;
- a one-time code is kept as an HMAC only, opens only what it was sent for, lives 5 minutes, survives 3 wrong
  tries and is good once, whatever number of guesses arrive at the same moment;
- a token is shown once, kept as an HMAC only, and is dead from the moment it is revoked;
- a plain code or token is never logged, and budgets know no phone;
- a browser logged out from elsewhere is nobody from its next request on;
- a consent is a line that is added; what holds is the newest of its kind;
- an erased person has no phone, e-mail address or name left, is closed, and is never anybody again.

Written by: this app's services only. Roles at a merchant belong to `town/merchants`.
"""
