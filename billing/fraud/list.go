package fraud

import (
	"fmt"
	"regexp"
	"strings"
)

// ItemType is what a list holds.
type ItemType string

// The types of lists.
const (
	Email       ItemType = "email"
	EmailDomain ItemType = "email_domain"
	Fingerprint ItemType = "fingerprint" // of a card or bank account, as the provider names it
	Country     ItemType = "country"     // ISO 3166-1 alpha-2
	CustomerID  ItemType = "customer"
)

// ItemTypes are all there are.
func ItemTypes() []ItemType { return []ItemType{Email, EmailDomain, Fingerprint, Country, CustomerID} }

// The lists that disputes and early fraud warnings feed, which every seller has.
const (
	BlockedCards  = "blocked_cards"
	BlockedEmails = "blocked_emails"
)

// FedLists are the types of these lists.
func FedLists() map[string]ItemType {
	return map[string]ItemType{BlockedCards: Fingerprint, BlockedEmails: Email}
}

var (
	listName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,49}$`)
	countryCode = regexp.MustCompile(`^[A-Z]{2}$`)
	plainID     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)
)

// CheckListName refuses a name that a rule could not be written with.
func CheckListName(name string) error {
	if !listName.MatchString(name) {
		return fmt.Errorf("%.60q is not a name: use 1 to 50 small letters, digits and '_', beginning with a letter", name)
	}
	return nil
}

// Item is a value as a list of the type holds it: two values that mean the same are equal.
func (t ItemType) Item(value string) (string, error) {
	value = strings.TrimSpace(value)
	switch t {
	case Email:
		mailbox, ok := Mailbox(value)
		if !ok {
			return "", fmt.Errorf("%.60q is not an e-mail address", value)
		}
		return mailbox, nil
	case EmailDomain:
		domain := strings.ToLower(strings.TrimPrefix(value, "@"))
		if _, ok := Mailbox("x@" + domain); !ok {
			return "", fmt.Errorf("%.60q is not a domain, such as example.com", value)
		}
		return domain, nil
	case Country:
		if code := strings.ToUpper(value); countryCode.MatchString(code) {
			return code, nil
		}
		return "", fmt.Errorf("%.60q is not a country: use two letters, such as DE", value)
	case Fingerprint, CustomerID:
		if plainID.MatchString(value) {
			return value, nil
		}
		return "", fmt.Errorf("%.60q is not an id", value)
	}
	return "", fmt.Errorf("%.60q is not a type of list: use %s", t, join(ItemTypes()))
}

func join[T ~string](values []T) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = string(value)
	}
	return strings.Join(texts, ", ")
}

// Listed are the memberships of a payment's facts in lists: see Add.
type Listed map[string]bool

// Add notes that a value is on a list.
func (l Listed) Add(list, value string) { l[member(list, value)] = true }

// member names a membership. No list's name has a colon.
func member(list, value string) string { return list + ":" + value }
