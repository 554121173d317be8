package fraud

import (
	_ "embed"
	"strings"
)

//go:embed disposable.txt
var disposableData string

// disposable holds domains that hand out addresses for minutes. It is built once and only read.
var disposable = func() map[string]bool {
	set := map[string]bool{}
	for line := range strings.Lines(disposableData) {
		if domain := strings.TrimSpace(line); domain != "" && !strings.HasPrefix(domain, "#") {
			set[domain] = true
		}
	}
	return set
}()

// Disposable says that addresses at the domain, or at one below it, are known to be handed out for minutes. What is not
// known is not disposable: operators add others to a list.
func Disposable(domain string) bool {
	for domain != "" {
		if disposable[domain] {
			return true
		}
		_, domain, _ = strings.Cut(domain, ".")
	}
	return false
}

// longestMailbox is the longest address that mail can be sent to (RFC 5321, 4.5.3.1.3).
const longestMailbox = 254

// Mailbox is the mailbox behind an address: in small letters, without what follows a plus sign. Google delivers mail
// regardless of dots in front of the @, and to gmail.com what is sent to googlemail.com. False: it is not an address.
func Mailbox(address string) (mailbox string, ok bool) {
	address = strings.ToLower(strings.TrimSpace(address))
	at := strings.LastIndexByte(address, '@')
	if at < 1 || strings.IndexByte(address, '@') != at || len(address) > longestMailbox || strings.ContainsAny(address, " \t\r\n\x00,;<>") {
		return "", false
	}
	local, domain := address[:at], strings.TrimSuffix(address[at+1:], ".")
	if !strings.Contains(domain, ".") || strings.HasPrefix(domain, ".") || strings.Contains(domain, "..") {
		return "", false
	}
	if before, _, tagged := strings.Cut(local, "+"); tagged && before != "" {
		local = before
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		domain = "gmail.com"
		if undotted := strings.ReplaceAll(local, ".", ""); undotted != "" {
			local = undotted
		}
	}
	return local + "@" + domain, true
}

// DomainOf is the domain of an address; empty for what is not one.
func DomainOf(address string) string {
	mailbox, ok := Mailbox(address)
	if !ok {
		return ""
	}
	return mailbox[strings.LastIndexByte(mailbox, '@')+1:]
}
