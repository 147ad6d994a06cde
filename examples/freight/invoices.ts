import { Body, Controller, Injectable, Param, Post, ServiceUnavailableException, UseGuards } from '@nestjs/common';
import { auditContext, auditEvent, AuditLogger, EventType } from 'mcp-audit/sdk';
import { LoginGuard, Needs } from './people';

/** Beyond it a payment happens only if its event is durable. */
const LARGE = 10_000;

export interface Invoice {
  id: string;
  shipment: string;
  amount: number;
  currency: string;
  paid: boolean;
}

@Injectable()
export class Invoices {
  private readonly invoices = new Map<string, Invoice>();
  private last = 0;

  constructor(private readonly audit: AuditLogger) {}

  write(shipment: string, amount: number, currency: string, taxNumber: string): Invoice {
    const invoice = { id: `INV-${++this.last}`, shipment, amount, currency, paid: false };
    this.invoices.set(invoice.id, invoice);
    void auditEvent(EventType.FINANCIAL_TRANSACTION, 'Invoice written', {
      context: { resourceType: 'invoice', resourceId: invoice.id },
      details: { shipment, taxNumber },
      amount,
      currency,
    });
    return invoice;
  }

  async pay(id: string): Promise<Invoice | undefined> {
    const invoice = this.invoices.get(id);
    if (!invoice) return undefined;
    const { amount, currency } = invoice;
    try {
      await this.audit.logFinancialEvent(EventType.FINANCIAL_TRANSACTION, 'Invoice paid', {
        resourceType: 'invoice',
        resourceId: id,
        severity: amount > LARGE ? 'high' : 'medium',
        amount,
        currency,
      });
    } catch {
      throw new ServiceUnavailableException('the payment cannot be recorded now, so it is not made');
    }
    invoice.paid = true;
    return invoice;
  }

  /** A nightly job: everything in it belongs to one run. */
  closeMonth(month: string): Promise<number> {
    return auditContext({ userId: 'system', correlationId: `close-${month}`, resourceType: 'ledger' }, async () => {
      const open = [...this.invoices.values()].filter((invoice) => !invoice.paid);
      for (const invoice of open) {
        await this.audit.logFinancialEvent(EventType.FINANCIAL_CONTROL_EXECUTED, 'Open invoice reviewed', {
          resourceId: invoice.id,
        });
      }
      void auditEvent(EventType.FINANCIAL_REPORT_GENERATED, `Month ${month} closed`, { recordCount: open.length });
      return open.length;
    });
  }
}

@Controller('invoices')
@UseGuards(LoginGuard)
export class InvoicesController {
  constructor(private readonly invoices: Invoices) {}

  @Post()
  @Needs('accountant')
  write(@Body() body: Invoice & { taxNumber: string }): Invoice {
    return this.invoices.write(body.shipment, body.amount, body.currency, body.taxNumber);
  }

  @Post(':id/pay')
  @Needs('accountant')
  pay(@Param('id') id: string): Promise<Invoice | undefined> {
    return this.invoices.pay(id);
  }

  @Post('close/:month')
  @Needs('accountant')
  async close(@Param('month') month: string): Promise<{ open: number }> {
    return { open: await this.invoices.closeMonth(month) };
  }
}
