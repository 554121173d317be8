package stripe

import "slices"

// weChatPay is the kind of which a page must know on what it is shown.
const weChatPay = "wechat_pay"

// listedKinds are what an account can enable beside what the sandbox plays, with the currencies that Stripe documents
// (docs.stripe.com/payments/payment-methods/payment-method-support) and whether setup_future_usage takes off_session for
// them at this API version. Pages may name them; nobody can pay with them.
func listedKinds() []methodKind {
	wallets := "aud cad chf czk dkk eur gbp hkd nok nzd pln sek sgd usd"
	return []methodKind{
		{name: "affirm", family: listedFamily, currencies: "cad usd", single: true},
		{name: "afterpay_clearpay", family: listedFamily, currencies: "aud cad gbp nzd usd", single: true},
		{name: "alipay", family: listedFamily, currencies: "aud cad cny eur gbp hkd jpy myr nzd sgd usd"},
		{name: "amazon_pay", family: listedFamily, currencies: "eur gbp usd"},
		{name: "blik", family: listedFamily, currencies: "pln", single: true},
		{name: "boleto", family: listedFamily, currencies: "brl"},
		{name: "cashapp", family: listedFamily, currencies: "usd"},
		{name: "eps", family: listedFamily, currencies: "eur", single: true},
		{name: "fpx", family: listedFamily, currencies: "myr", single: true},
		{name: "grabpay", family: listedFamily, currencies: "myr sgd", single: true},
		{name: "klarna", family: listedFamily, currencies: "aud cad chf czk dkk eur gbp nok nzd pln ron sek usd", single: true},
		{name: "konbini", family: listedFamily, currencies: "jpy", single: true},
		{name: "mobilepay", family: listedFamily, currencies: "dkk eur nok sek", single: true},
		{name: "multibanco", family: listedFamily, currencies: "eur", single: true},
		{name: "oxxo", family: listedFamily, currencies: "mxn", single: true},
		{name: "p24", family: listedFamily, currencies: "eur pln", single: true},
		{name: "paynow", family: listedFamily, currencies: "sgd", single: true},
		{name: "paypal", family: listedFamily, currencies: wallets},
		{name: "pix", family: listedFamily, currencies: "brl", single: true},
		{name: "promptpay", family: listedFamily, currencies: "thb", single: true},
		{name: "revolut_pay", family: listedFamily, currencies: "eur gbp ron hkd"},
		{name: "swish", family: listedFamily, currencies: "sek", single: true},
		{name: "twint", family: listedFamily, currencies: "chf", single: true},
		{name: weChatPay, family: listedFamily, currencies: "aud cad cny eur gbp hkd jpy sgd usd", single: true},
		{name: "zip", family: listedFamily, currencies: "aud usd", single: true},
	}
}

func knownKinds() []methodKind { return slices.Concat(methodKinds(), listedKinds()) }
