import {
  Body,
  Controller,
  Delete,
  Get,
  Injectable,
  NotFoundException,
  Param,
  Patch,
  Post,
  UseGuards,
} from '@nestjs/common';
import { AuditAction, AuditDataChange, EventType } from 'mcp-audit/sdk';
import { LoginGuard } from './people';

export interface Shipment {
  id: string;
  from: string;
  to: string;
  weight: number;
  status: 'booked' | 'on its way' | 'delivered';
}

@Injectable()
export class Shipments {
  private readonly shipments = new Map<string, Shipment>();
  private last = 2040;

  @AuditDataChange('shipment', {
    captureBefore: false,
    eventType: EventType.DATA_CREATED,
    resourceId: ({ result }) => (result as Shipment | undefined)?.id,
  })
  book(from: string, to: string, weight: number): Shipment {
    const id = `SHP-${++this.last}`;
    const shipment: Shipment = { id, from, to, weight, status: 'booked' };
    this.shipments.set(id, shipment);
    return shipment;
  }

  get(id: string): Shipment {
    const shipment = this.shipments.get(id);
    if (!shipment) throw new NotFoundException(`there is no shipment ${id}`);
    return shipment;
  }

  /** Reads and writes take a moment, as those of a database do. */
  async load(id: string): Promise<Shipment | undefined> {
    await Promise.resolve();
    return this.shipments.get(id);
  }

  @AuditDataChange('shipment', {
    load(this: Shipments, id: string) {
      return this.load(id);
    },
  })
  async change(id: string, changes: Partial<Shipment>): Promise<Shipment> {
    const changed = { ...this.get(id), ...changes, id };
    await Promise.resolve();
    this.shipments.set(id, changed);
    return changed;
  }

  @AuditDataChange('shipment', {
    load(this: Shipments, id: string) {
      return this.shipments.get(id);
    },
  })
  cancel(id: string): void {
    this.get(id);
    this.shipments.delete(id);
  }

  @AuditAction(EventType.DATA_EXPORTED, 'List of shipments saved', {
    fields: ({ result }) => ({ resourceType: 'shipment', recordCount: (result as Shipment[]).length }),
  })
  all(): Shipment[] {
    return [...this.shipments.values()];
  }
}

@Controller('shipments')
@UseGuards(LoginGuard)
export class ShipmentsController {
  constructor(private readonly shipments: Shipments) {}

  @Post()
  book(@Body() { from, to, weight }: Shipment): Shipment {
    return this.shipments.book(from, to, weight);
  }

  @Get()
  list(): Shipment[] {
    return this.shipments.all();
  }

  @Get(':id')
  @AuditAction(EventType.DATA_READ, 'Shipment read', {
    fields: ({ args: [id] }) => ({ resourceType: 'shipment', resourceId: String(id) }),
  })
  read(@Param('id') id: string): Shipment {
    return this.shipments.get(id);
  }

  @Patch(':id')
  change(@Param('id') id: string, @Body() changes: Partial<Shipment>): Promise<Shipment> {
    return this.shipments.change(id, changes);
  }

  @Delete(':id')
  cancel(@Param('id') id: string): void {
    this.shipments.cancel(id);
  }
}
