"""One sentence on each broker config of TLS, SASL, tokens and the authorizer; form as in `docs_server`."""

from __future__ import annotations

__all__ = ["SECURITY"]

SECURITY = """\
connections.max.reauth.ms: Time after which a SASL client must log in again; 0 is never.
sasl.server.max.receive.size: Largest message that is read before a login is complete.
security.providers: Classes that add Java security providers.
principal.builder.class: Class that turns a login or certificate into a principal.
ssl.client.auth: Whether TLS clients must, may or need not show a certificate.
ssl.principal.mapping.rules: Rules that shorten the name in a client's certificate.
ssl.allow.dn.changes: Lets a new certificate have another distinguished name while the broker runs.
ssl.allow.san.changes: Lets a new certificate have other alternative names while the broker runs.
ssl.protocol: TLS version that contexts are made for.
ssl.provider: Java security provider for TLS.
ssl.enabled.protocols: TLS versions that clients may use.
ssl.keystore.type: Format of the key store.
ssl.keystore.location: File of the key store.
ssl.keystore.password: Password of the key store.
ssl.key.password: Password of the private key.
ssl.keystore.key: The private key itself, as PEM.
ssl.keystore.certificate.chain: The broker's certificates themselves, as PEM.
ssl.truststore.type: Format of the trust store.
ssl.truststore.location: File of the trust store.
ssl.truststore.password: Password of the trust store.
ssl.truststore.certificates: The trusted certificates themselves, as PEM.
ssl.keymanager.algorithm: Algorithm of Java's key manager.
ssl.trustmanager.algorithm: Algorithm of Java's trust manager.
ssl.endpoint.identification.algorithm: How a server's name is checked against its certificate.
ssl.secure.random.implementation: Source of random numbers for TLS.
ssl.cipher.suites: Cipher suites that may be used; empty is the platform's choice.
ssl.engine.factory.class: Class that makes TLS engines.
sasl.mechanism.inter.broker.protocol: SASL mechanism between brokers.
sasl.enabled.mechanisms: SASL mechanisms that clients may use.
sasl.server.callback.handler.class: Class that checks what clients send to log in.
sasl.kerberos.principal.to.local.rules: Rules that shorten Kerberos principals.
sasl.jaas.config: The login module, with its options and users.
sasl.client.callback.handler.class: Class that answers for the broker where it logs in itself.
sasl.login.class: Class that logs the broker in.
sasl.login.callback.handler.class: Class that supplies what that login needs.
sasl.kerberos.service.name: Kerberos name of the service.
sasl.kerberos.kinit.cmd: Where the kinit command is.
sasl.kerberos.ticket.renew.window.factor: Share of a ticket's life after which it is renewed.
sasl.kerberos.ticket.renew.jitter: Random share added to that time.
sasl.kerberos.min.time.before.relogin: Pause between two attempts to renew a ticket.
sasl.login.refresh.window.factor: Share of a credential's life after which it is refreshed.
sasl.login.refresh.window.jitter: Random share added to that time.
sasl.login.refresh.min.period.seconds: Shortest wait before a credential is refreshed.
sasl.login.refresh.buffer.seconds: Time before its end by which a credential is refreshed.
sasl.login.connect.timeout.ms: How long a connection to an identity provider may take.
sasl.login.read.timeout.ms: How long an identity provider's answer may take.
sasl.login.retry.backoff.max.ms: Longest pause between attempts to log in at an identity provider.
sasl.login.retry.backoff.ms: First pause between attempts to log in at an identity provider.
sasl.oauthbearer.jwt.retriever.class: Class that fetches tokens.
sasl.oauthbearer.jwt.validator.class: Class that checks tokens.
sasl.oauthbearer.scope: Scope that is asked for.
sasl.oauthbearer.client.credentials.client.id: Client id at the identity provider.
sasl.oauthbearer.client.credentials.client.secret: Client secret at the identity provider.
sasl.oauthbearer.assertion.algorithm: Algorithm that signs assertions.
sasl.oauthbearer.assertion.claim.aud: Audience that assertions claim.
sasl.oauthbearer.assertion.claim.exp.seconds: How long assertions are good for.
sasl.oauthbearer.assertion.claim.iss: Issuer that assertions claim.
sasl.oauthbearer.assertion.claim.jti.include: Gives each assertion an id of its own.
sasl.oauthbearer.assertion.claim.nbf.seconds: How far back assertions begin to be good.
sasl.oauthbearer.assertion.claim.sub: Subject that assertions claim.
sasl.oauthbearer.assertion.file: File with an assertion that is ready.
sasl.oauthbearer.assertion.private.key.file: File with the key that signs assertions.
sasl.oauthbearer.assertion.private.key.passphrase: Password of that key.
sasl.oauthbearer.assertion.template.file: File with headers and claims for assertions.
sasl.oauthbearer.scope.claim.name: Claim in which a token has its scope.
sasl.oauthbearer.sub.claim.name: Claim in which a token has its subject.
sasl.oauthbearer.token.endpoint.url: Where tokens are asked for.
sasl.oauthbearer.jwks.endpoint.url: Where the keys that verify tokens are.
sasl.oauthbearer.jwks.endpoint.refresh.ms: How often those keys are fetched again.
sasl.oauthbearer.jwks.endpoint.retry.backoff.ms: First pause before a failed fetch of keys is tried again.
sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms: Longest pause before a failed fetch of keys is tried again.
sasl.oauthbearer.clock.skew.seconds: How far clocks may differ when a token's times are checked.
sasl.oauthbearer.expected.audience: Audiences of which a token must name one.
sasl.oauthbearer.expected.issuer: Issuer that a token must name.
delegation.token.secret.key: Secret from which delegation tokens are made.
delegation.token.max.lifetime.ms: Age beyond which a delegation token cannot be renewed.
delegation.token.expiry.time.ms: Time after which a delegation token must be renewed.
delegation.token.expiry.check.interval.ms: How often expired delegation tokens are removed.
super.users: Principals that may do everything, separated by semicolons.
allow.everyone.if.no.acl.found: Lets everybody at what no ACL speaks of.
"""
