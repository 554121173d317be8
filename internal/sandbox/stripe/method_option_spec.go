package stripe

// The options of payment methods leave out what would move money in ways the sandbox does not know, such as
// capture_method and a setup_future_usage of their own. What is listed and not read changes nothing here.

func paymentOptionsSpec() param {
	threeDS := threeDSecureSpec(true)
	threeDS["exemption_indicator"] = enum("low_risk", "none")
	return hash(spec{
		acssDebit: hash(spec{"mandate_options": hash(padMandateSpec()), "verification_method": verificationMethod()}), auBECSDebit: hash(nil),
		bacsDebit: hash(spec{"mandate_options": hash(nil)}), bancontact: hash(spec{"preferred_language": enum("de", "en", "fr", "nl")}), ideal: hash(nil),
		linkKind: hash(spec{"persistent_token": text()}), customerBalance: hash(bankTransferSpec()), sepaDebit: hash(spec{"mandate_options": hash(nil)}),
		usBankAccount: hash(linkedAccountSpec().with(spec{"preferred_settlement_speed": clearable(enum("fastest", "standard"))})),
		cardKind: hash(spec{
			"cvc_token": text(), "mandate_options": hash(indiaMandateSpec()), "moto": boolean(), "network": cardNetwork(), "three_d_secure": hash(threeDS),
			"installments": hash(spec{"enabled": boolean(), "plan": hash(spec{
				"count": integer(), "interval": enum("month"), "type": required(enum("fixed_count")),
			})}),
			"request_three_d_secure": requestThreeDSecure(), "statement_descriptor_suffix_kana": textUpTo(22), "statement_descriptor_suffix_kanji": textUpTo(17),
		}),
	})
}

func setupOptionsSpec() param {
	return hash(spec{
		acssDebit: hash(spec{
			"currency": enum("cad", "usd"), "mandate_options": hash(padMandateSpec().with(padDefaults())), "verification_method": verificationMethod(),
		}),
		bacsDebit: hash(spec{"mandate_options": hash(nil)}), linkKind: hash(spec{"persistent_token": text()}), sepaDebit: hash(spec{"mandate_options": hash(nil)}),
		usBankAccount: hash(linkedAccountSpec()),
		cardKind: hash(spec{
			"mandate_options": hash(indiaMandateSpec().with(spec{"currency": required(text())})), "moto": boolean(), "network": cardNetwork(),
			"request_three_d_secure": requestThreeDSecure(), "three_d_secure": hash(threeDSecureSpec(false)),
		}),
	})
}

func sessionOptionsSpec() param {
	return hash(spec{
		acssDebit: hash(spec{
			"currency": enum("cad", "usd"), "mandate_options": hash(padMandateSpec().with(padDefaults())), "verification_method": verificationMethod(),
		}),
		auBECSDebit: hash(nil), bacsDebit: hash(nil), bancontact: hash(nil), customerBalance: hash(bankTransferSpec()), ideal: hash(nil), linkKind: hash(nil),
		sepaDebit: hash(nil), weChatPay: hash(spec{"app_id": text(), "client": required(enum("android", "ios", "web"))}),
		usBankAccount: hash(spec{
			"financial_connections": hash(spec{"permissions": list(linkPermission()), "prefetch": list(linkPrefetch())}),
			"verification_method":   enum("automatic", "instant"),
		}),
		cardKind: hash(spec{
			"installments": hash(spec{"enabled": boolean()}), "request_three_d_secure": requestThreeDSecure(),
			"statement_descriptor_suffix_kana": textUpTo(22), "statement_descriptor_suffix_kanji": textUpTo(17),
		}),
	})
}

func verificationMethod() param  { return enum("automatic", "instant", "microdeposits") }
func requestThreeDSecure() param { return enum("any", "automatic", "challenge") }

func cardNetwork() param {
	return enum("amex", "cartes_bancaires", "diners", "discover", "eftpos_au", "girocard", "interac", "jcb", "mastercard", "unionpay", "unknown", "visa")
}

// padMandateSpec describes a pre-authorised debit in Canada.
func padMandateSpec() spec {
	return spec{
		"custom_mandate_url": text(), "interval_description": textUpTo(500), "payment_schedule": enum("combined", "interval", "sporadic"),
		"transaction_type": enum("business", "personal"),
	}
}

func padDefaults() spec { return spec{"default_for": list(enum("invoice", "subscription"))} }

// indiaMandateSpec describes an e-mandate, as the Reserve Bank of India asks for it.
func indiaMandateSpec() spec {
	return spec{
		"amount": required(integer()), "amount_type": required(enum("fixed", "maximum")), "description": textUpTo(200), "end_date": integer(),
		"interval": required(enum("day", "month", "sporadic", "week", "year")), "interval_count": integer(), "reference": required(textUpTo(80)),
		"start_date": required(integer()), "supported_types": list(enum("india")),
	}
}

// threeDSecureSpec describes an authentication that was made elsewhere; a payment needs its proof.
func threeDSecureSpec(proven bool) spec {
	proof := func(p param) param { p.required = proven; return p }
	return spec{
		"ares_trans_status": enum("A", "C", "I", "N", "R", "U", "Y"), "cryptogram": proof(text()),
		"electronic_commerce_indicator": enum("01", "02", "05", "06", "07"), "requestor_challenge_indicator": textUpTo(2),
		"transaction_id": proof(text()), "version": proof(enum("1.0.2", "2.1.0", "2.2.0")),
		"network_options": hash(spec{"cartes_bancaires": hash(spec{
			"cb_avalgo": required(enum("0", "1", "2", "3", "4", "A")), "cb_exemption": textUpTo(4), "cb_score": integer(),
		})}),
	}
}

// linkedAccountSpec describes how an American account is linked and debited.
func linkedAccountSpec() spec {
	return spec{
		"financial_connections": hash(spec{
			"filters":     hash(spec{"account_subcategories": list(enum("checking", "savings"))}),
			"permissions": list(linkPermission()), "prefetch": list(linkPrefetch()), "return_url": text(),
		}),
		"mandate_options": hash(spec{"collection_method": clearable(enum("paper"))}), "networks": hash(spec{"requested": list(enum("ach", "us_domestic_wire"))}),
		"verification_method": verificationMethod(),
	}
}

func linkPermission() param { return enum("balances", "ownership", "payment_method", "transactions") }
func linkPrefetch() param   { return enum("balances", "ownership", "transactions") }
