"""SAML 2.0: the control plane as a service provider. People sign in where they have always done."""
