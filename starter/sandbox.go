package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/perennial-billing/perennial/internal/config"
	"github.com/perennial-billing/perennial/internal/sandbox"
)

func (p *program) sandbox() *cobra.Command {
	var addr, data string
	c := &cobra.Command{
		Use: "sandbox", Short: "Run the stand-ins for Stripe and SendGrid alone", Args: cobra.NoArgs,
		Long: `Run the stand-ins for Stripe and SendGrid alone, on the ports where everything looks for them. No real money or mail
moves. The state is kept.`,
		Example: "  go run ./starter sandbox\n  go run ./starter sandbox --addr 0.0.0.0 --data /var/lib/perennial-sandbox",
		RunE: p.do(func(ctx context.Context, _ []string) error {
			if data == "" {
				data = filepath.Join(p.dir, devFolder, "sandbox")
			}
			if err := os.MkdirAll(data, 0o755); err != nil {
				return fmt.Errorf("make the data folder: %w", err)
			}
			running, err := sandbox.Start(context.WithoutCancel(ctx), sandbox.Options{
				DataDir: data, StripeAddr: on(addr, config.DefaultStripeSandbox), SendGridAddr: on(addr, config.DefaultSendGridSandbox),
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(p.out, "SANDBOX: no real money or mail moves\nStripe    %s\nSendGrid  %s\nMailbox   %s\n",
				running.StripeURL(), running.SendGridURL(), running.MailboxURL())
			<-ctx.Done()
			return running.Close()
		}),
	}
	c.Flags().StringVar(&addr, "addr", "127.0.0.1", "address to listen on, without a port")
	c.Flags().StringVar(&data, "data", "", "folder that keeps the state (default ./.perennial/sandbox)")
	return c
}

// on puts the port of a default address on another host.
func on(host, url string) string {
	return net.JoinHostPort(host, url[strings.LastIndexByte(url, ':')+1:])
}
