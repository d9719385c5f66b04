// Package oidc asks OpenID Connect providers who somebody is: discovery, the authorization code flow with PKCE, and the checks of what comes back.
// It knows no accounts and no browsers: what has to be kept between the two halves of a flow is handed to the caller, and so is what a provider
// says of a person. Why each check is there: docs/why/oidc.md.
//
// A provider is asked for its addresses when somebody first needs them, so that one that is away does not stop Parley from starting. What it
// says is kept for an hour; while it is away it is asked at most every two seconds.
package oidc
