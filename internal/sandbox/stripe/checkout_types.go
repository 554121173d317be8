package stripe

import "slices"

// applyTypes chooses what the page offers.
func (s *checkoutSession) applyTypes(a args) error {
	s.PaymentMethodTypes = a.list("payment_method_types")
	if len(s.PaymentMethodTypes) == 0 {
		if s.Currency == nil {
			return missing("currency")
		}
		s.PaymentMethodTypes = (&automaticMethods{AllowRedirects: "always"}).types(*s.Currency)
		return nil
	}
	if err := s.checkOptions(a); err != nil {
		return err
	}
	if s.Mode == "setup" {
		return checkReusable(s.PaymentMethodTypes)
	}
	if a.hash("payment_intent_data").text("setup_future_usage") == "off_session" {
		if err := checkFutureUse(s.PaymentMethodTypes); err != nil {
			return err
		}
	}
	return checkCurrency(s.PaymentMethodTypes, *s.Currency)
}

// checkFutureUse refuses kinds that a payment cannot save.
func checkFutureUse(types []string) error {
	i := slices.IndexFunc(types, func(name string) bool { k, _ := kindOf(name); return !k.reusable() })
	if i < 0 {
		return nil
	}
	return invalid("payment_intent_invalid_parameter", "payment_intent_data[setup_future_usage]",
		"The payment method `%s` cannot be used with `setup_future_usage` `off_session`.", types[i])
}

// checkOptions refuses a page that does not say what the kinds it names need.
// Source: https://docs.stripe.com/api/checkout/sessions/create, "payment_method_options".
func (s *checkoutSession) checkOptions(a args) error {
	given := a.hash("payment_method_options")
	if slices.Contains(s.PaymentMethodTypes, weChatPay) && given.hash(weChatPay).text("client") == "" {
		return missing("payment_method_options[wechat_pay][client]")
	}
	if slices.Contains(s.PaymentMethodTypes, acssDebit) {
		mandate := given.hash(acssDebit).hash("mandate_options")
		for _, name := range []string{"payment_schedule", "transaction_type"} {
			if mandate.text(name) == "" {
				return missing("payment_method_options[acss_debit][mandate_options][" + name + "]")
			}
		}
		if s.Mode == "setup" && given.hash(acssDebit).text("currency") == "" {
			return missing("payment_method_options[acss_debit][currency]")
		}
	}
	if !slices.Contains(s.PaymentMethodTypes, customerBalance) || s.Mode == "setup" {
		return nil
	}
	if s.Customer == nil {
		return missing("customer")
	}
	var chosen *transferChoice
	if given.hash(customerBalance).has("bank_transfer") {
		chosen = readTransfer(given.hash(customerBalance).hash("bank_transfer"))
	}
	if transferType(*s.Currency) == "" {
		return checkCurrency(s.PaymentMethodTypes, *s.Currency)
	}
	if _, refusal := checkTransfer(chosen, *s.Currency, "payment_method_options[customer_balance][bank_transfer]"); refusal != nil {
		return refusal
	}
	return nil
}
